"""``spectral-bench grads``: what the gradients did."""

from __future__ import annotations

from typing import Annotated

import typer

from spectral_bench.cli.pictures import Data, Picture, Show
from spectral_bench.cli.reading import Paths, PlainForm, Where
from spectral_bench.cli.traces import Kind, show_traces


def grads(
    paths: Paths = None,
    *,
    steps: Annotated[
        list[int] | None,
        typer.Option(
            "--step", metavar="STEP", min=0, help="Look over time at the traced step nearest to it; can be repeated."
        ),
    ] = None,
    layer: Annotated[int, typer.Option(min=0, help="Which recurrent layer, the one next to the input is 0.")] = 0,
    where: Where = None,
    form: PlainForm = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
) -> None:
    """Show gradient norms over time and training: how fast they decay, and pictures.

    The table is of the last traced step, or of the last --step.
    """
    from spectral_bench.analysis.decay import decay_table
    from spectral_bench.analysis.gradients import gradient_pictures, traced
    from spectral_bench.analysis.plots.gradients import draw_gradients

    kind = Kind(
        "grads",
        f"gradients in layer {layer}",
        lambda section, damaged: traced(section, layer, damaged),
        lambda section, groups: decay_table(section, groups, layer, max(steps) if steps else None),
        lambda section, groups: gradient_pictures(section, groups, layer, steps),
        draw_gradients,
        lambda picture: [(f"gradient norm at h_0 over training steps ({picture.title})", picture.start, True)],
    )
    show_traces(kind, paths, where, form=form, output=output, show=show, data=data)

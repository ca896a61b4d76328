"""``spectral-bench grads``: what the gradients did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.pictures import Data, Picture, Show
from spectral_bench.cli.reading import Paths, PlainForm, Where
from spectral_bench.cli.traces import Kind, show_traces

if TYPE_CHECKING:
    from spectral_bench.analysis.gradients import GradientPictures
    from spectral_bench.analysis.plots.terminal import TextPlot


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
        lambda picture: _in_characters(picture, every_step=bool(steps)),
    )
    show_traces(kind, paths, where, form=form, output=output, show=show, data=data)


def _in_characters(picture: GradientPictures, *, every_step: bool) -> list[TextPlot]:
    """The norm at both ends over training, and over time at the last step or at all that were chosen."""
    from spectral_bench.analysis.plots.terminal import Limit, TextPlot

    of = picture.title + (f", layer {picture.layer}" if picture.layer else "")
    plots = [
        TextPlot(f"gradient norm at {state} over training steps ({of})", "training step", curves, True)
        for state, curves in (("h_0", picture.start), ("h_T", picture.end))
    ]
    for step in list(picture.over_time)[0 if every_step else -1 :]:
        curves = picture.over_time[step]
        names = {series.style: series.label for series in curves}
        limits = [
            Limit(
                f"{names[bounds.style]}: {'what the radius allows' if bounds.binding else '(1±r)^k, here no bound'}",
                bounds.style,
                edge,
                bounds.t,
            )
            for bounds in picture.envelopes[step]
            for edge in bounds.radius
        ]
        title = f"gradient norm over time at step {step:,} ({of})"
        plots.append(TextPlot(title, "time step t", curves, True, limits, backwards=True))
    return plots

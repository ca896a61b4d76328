"""``spectral-bench grads``: gradient norms over time and training."""

from __future__ import annotations

from typing import Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Data, Format, Paths, Picture, Show, TableFormatOption, Where, read_runs


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
    form: TableFormatOption = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
    _plugins: Plugins = None,
) -> None:
    """Show gradient norms over time and training: how fast they decay, and pictures.

    The table is of the last traced step, or of the last --step.
    """
    from spectral_bench.figures.draw_gradients import draw_gradients
    from spectral_bench.figures.gradients import gradient_pictures, traced
    from spectral_bench.report.gradient_table import decay_table
    from spectral_bench.ui.pictures import check_picture
    from spectral_bench.ui.text_figures import gradients_in_characters
    from spectral_bench.ui.trace_report import TraceKind, show_traces

    kind = TraceKind(
        "grads",
        f"gradients in layer {layer}",
        lambda section, damaged: traced(section, layer, damaged),
        lambda section, groups: decay_table(section, groups, layer, max(steps) if steps else None),
        lambda section, groups: gradient_pictures(section, groups, layer, steps),
        draw_gradients,
        lambda picture: gradients_in_characters(picture, every_step=bool(steps)),
    )
    check_picture("-o", output)
    show_traces(kind, read_runs(paths, where), form=form or Format.table, output=output, show=show, data=data)

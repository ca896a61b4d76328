"""``spectral-bench grads``: do gradients vanish on their way back?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.figure_options import (
    DEFAULT_WIDTH,
    By,
    Every,
    Label,
    NoTitle,
    Order,
    Output,
    Panels,
    Style,
    Watch,
    Width,
    naming_of,
    sheet_of,
)
from spectral_bench.cli.help_panels import SHOWN
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Best, Data, Format, Paths, Show, TableFormatOption, Where, read_runs

if TYPE_CHECKING:
    from spectral_bench.records.run_record import Run


def grads(
    paths: Paths = None,
    *,
    steps: Annotated[
        list[str] | None,
        typer.Option(
            "--step",
            metavar="STEP|mean",
            help="At the traced step nearest to it, or in the mean over all, picture and table; can be repeated.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    layer: Annotated[
        int, typer.Option(min=0, help="Which recurrent layer, the one next to the input is 0.", rich_help_panel=SHOWN)
    ] = 0,
    where: Where = None,
    best: Best = None,
    by: By = None,
    form: TableFormatOption = None,
    output: Output = None,
    width: Width = DEFAULT_WIDTH,
    panels: Panels = None,
    order: Order = None,
    label: Label = None,
    no_title: NoTitle = False,
    style: Style = None,
    show: Show = False,
    watch: Watch = False,
    every: Every = 5.0,
    data: Data = None,
    _plugins: Plugins = None,
) -> None:
    """Show whether gradients vanish: what arrives of them after so many steps back, and how fast they decay.

    A table for every --step, by default of the last traced one, has the numbers and the verdicts.
    """
    from spectral_bench.figures.chosen_moments import check_steps
    from spectral_bench.figures.draw_gradients import draw_gradients
    from spectral_bench.figures.gradients import GRADIENT_PANELS, gradient_pictures
    from spectral_bench.figures.traced_gradients import traced
    from spectral_bench.report.gradient_table import decay_tables
    from spectral_bench.ui.pictures import Wanted, check_pictures
    from spectral_bench.ui.text_figures import gradients_in_characters
    from spectral_bench.ui.trace_report import TraceKind, show_traces
    from spectral_bench.ui.watching import watch as keep_drawing

    chosen = steps or []
    check_steps(chosen)
    kind = TraceKind(
        "grads",
        f"gradients in layer {layer}",
        lambda section, damaged, naming: traced(section, layer, damaged, naming),
        lambda section, groups: decay_tables(section, groups, layer, chosen),
        lambda section, groups: gradient_pictures(section, groups, layer, chosen),
        draw_gradients,
        gradients_in_characters,
    )
    check_pictures("-o", output)
    sheet = sheet_of(width, panels, GRADIENT_PANELS, no_title=no_title)
    wanted = Wanted(sheet, output, show or watch, data, style, waits=watch)
    naming = naming_of(order, label)

    def once() -> list[Run]:
        found = read_runs(paths, where, best)
        show_traces(kind, found, naming, wanted, form=form or Format.table, by=by or [])
        return found.runs

    if watch:
        keep_drawing(once, every)
    else:
        once()

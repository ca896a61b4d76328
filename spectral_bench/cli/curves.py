"""``spectral-bench curves``: loss and metric over training."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
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
from spectral_bench.cli.run_options import Best, Data, Paths, Show, Where, read_runs

if TYPE_CHECKING:
    from spectral_bench.figures.named_groups import Naming
    from spectral_bench.records.run_record import Run
    from spectral_bench.ui.pictures import Wanted


class CurveSplit(StrEnum):
    """Which data."""

    train = "train"
    validation = "validation"


def curves(
    paths: Paths = None,
    *,
    split: Annotated[
        CurveSplit, typer.Option(help="Measured on which data.", rich_help_panel=SHOWN)
    ] = CurveSplit.validation,
    where: Where = None,
    best: Best = None,
    by: By = None,
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
    """Draw loss and metric over training, with the memoryless baseline.

    Without -o or --data it draws with characters.
    """
    from spectral_bench.figures.learning import LEARNING_PANELS
    from spectral_bench.ui.pictures import Wanted, check_pictures
    from spectral_bench.ui.watching import watch as keep_drawing

    check_pictures("-o", output)
    sheet = sheet_of(width, panels, LEARNING_PANELS, no_title=no_title)
    in_characters = show or watch or (output is None and data is None)
    wanted = Wanted(sheet, output, in_characters, data, style, waits=watch)
    naming = naming_of(order, label)
    if watch:
        keep_drawing(lambda: _draw(paths, where, best, by or [], split, naming, wanted), every)
    else:
        _draw(paths, where, best, by or [], split, naming, wanted)


def _draw(
    paths: list[Path] | None,
    where: list[str] | None,
    best: list[str] | None,
    by: Sequence[str],
    split: str,
    naming: Naming,
    wanted: Wanted,
) -> list[Run]:
    """Draw once; returns the runs."""
    from rich.console import Console

    from spectral_bench.figures.draw_learning import draw_learning
    from spectral_bench.figures.learning import learning_pictures
    from spectral_bench.records.grouping import sections
    from spectral_bench.report.exclusions import undrawn_notes
    from spectral_bench.ui.pictures import draw_in_characters, write_pictures
    from spectral_bench.ui.text_figures import learning_in_characters

    found = read_runs(paths, where, best)
    groups = sections(found.runs, by)
    naming.check(groups)
    pictures = []
    for section in groups:
        found.notes.extend(undrawn_notes(section))
        picture = learning_pictures(section, split, naming)
        if picture is None:
            found.notes.append(f"{section.title}: nothing was measured on {split} data yet.")
        else:
            pictures.append(picture)
    for note in found.notes:
        typer.echo(f"Note: {note}", err=True)
    write_pictures(pictures, draw_learning, wanted)
    if wanted.show:
        console = Console()
        standings = [standing for picture in pictures for standing in picture.standings]
        plots = [plot for picture in pictures for plot in learning_in_characters(picture, wanted.sheet)]
        draw_in_characters(plots, console, len(standings) + len(found.notes) if wanted.fits(console) else None)
        for standing in standings:
            typer.echo(standing)
    return found.runs

"""``spectral-bench curves``: loss and metric over training."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Data, Paths, Picture, Show, Where, read_runs


class CurveSplit(StrEnum):
    """Which data."""

    train = "train"
    validation = "validation"


def curves(
    paths: Paths = None,
    *,
    split: Annotated[CurveSplit, typer.Option(help="Measured on which data.")] = CurveSplit.validation,
    where: Where = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
    _plugins: Plugins = None,
) -> None:
    """Draw loss and metric over training, seeds as mean and range, with the memoryless baseline.

    Without -o or --data it draws with characters.
    """
    from rich.console import Console

    from spectral_bench.figures.draw_learning import draw_learning
    from spectral_bench.figures.learning import learning_pictures
    from spectral_bench.records.grouping import sections
    from spectral_bench.report.exclusions import undrawn_notes
    from spectral_bench.ui.pictures import check_picture, deliver_pictures
    from spectral_bench.ui.text_figures import learning_in_characters

    check_picture("-o", output)
    found = read_runs(paths, where)
    pictures = []
    for section in sections(found.runs):
        found.notes.extend(undrawn_notes(section))
        picture = learning_pictures(section, split)
        if picture is None:
            found.notes.append(f"{section.title}: nothing was measured on {split} data yet.")
        else:
            pictures.append(picture)
    for note in found.notes:
        typer.echo(f"Note: {note}", err=True)
    deliver_pictures(
        pictures,
        draw_learning,
        learning_in_characters,
        Console(),
        output=output,
        show=show or (output is None and data is None),
        data=data,
    )

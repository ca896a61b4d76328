"""``spectral-bench curves``: loss and metric over training."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.pictures import Data, Picture, Show, check_picture, deliver_pictures
from spectral_bench.cli.reading import Paths, Where, read

if TYPE_CHECKING:
    from spectral_bench.analysis.learning import LearningPictures
    from spectral_bench.analysis.plots.terminal import TextPlot


class Split(StrEnum):
    """Which data."""

    train = "train"
    validation = "validation"


def curves(
    paths: Paths = None,
    *,
    split: Annotated[Split, typer.Option(help="Measured on which data.")] = Split.validation,
    where: Where = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
) -> None:
    """Draw loss and metric over training, seeds as mean and range, with the memoryless baseline.

    Without -o or --data it draws with characters.
    """
    from rich.console import Console

    from spectral_bench.analysis.grouping import sections
    from spectral_bench.analysis.learning import learning_pictures
    from spectral_bench.analysis.left_out import undrawn_notes
    from spectral_bench.analysis.plots.learning import draw_learning

    check_picture("-o", output)
    found = read(paths, where)
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
        _in_characters,
        Console(),
        output=output,
        show=show or (output is None and data is None),
        data=data,
    )


def _in_characters(picture: LearningPictures) -> list[TextPlot]:
    """Every quantity, with its baseline."""
    import numpy as np

    from spectral_bench.analysis.plots.terminal import Limit, TextPlot

    plots = []
    for quantity in picture.quantities:
        baseline = quantity.baseline
        limits = [] if baseline is None else [Limit(f"baseline {baseline:.4g}", None, np.array([baseline]))]
        title = f"{picture.split} {quantity.name} ({picture.title})"
        plots.append(TextPlot(title, "training step", quantity.curves, quantity.logarithmic, limits))
    return plots

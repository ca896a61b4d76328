"""Deliver figures: in files, as numbers, or drawn with characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure
    from rich.console import Console

    from spectral_bench.ui.text_plot import TextPlot

#: File formats of a picture.
_FORMATS = (".png", ".svg", ".pdf")


class Drawable(Protocol):
    """The numbers of a figure."""

    @property
    def title(self) -> str:
        """Of its section."""

    def rows(self) -> Iterable[dict[str, Any]]:
        """The numbers behind it."""


D = TypeVar("D", bound=Drawable)
_T = TypeVar("_T")


def check_picture(option: str, output: Path | None) -> None:
    """Refuse a file name that implies no picture format, before any work is done.

    Raises:
        InputError: the message lists the formats.
    """
    from spectral_bench.errors import InputError

    if output is not None and output.suffix.lower() not in _FORMATS:
        raise InputError(f"{option} {output}: expected a name that ends in {', '.join(_FORMATS)}.")


def deliver_pictures(
    pictures: Sequence[D],
    draw: Callable[[D], Figure],
    in_characters: Callable[[D], Sequence[TextPlot]],
    console: Console,
    *,
    output: Path | None,
    show: bool,
    data: Path | None,
) -> None:
    """Draw and write what was asked for.

    Args:
        pictures: one for each section.
        draw: makes the figure of one.
        in_characters: what ``--show`` draws.
        console: where to draw and to report the names of files.
        output: file of the figure; with several sections, its name is extended by each one's title.
        show: draw with characters.
        data: file of the numbers.

    Raises:
        InputError: a file cannot be written.
    """
    if show:
        from spectral_bench.ui.encoding import encodable
        from spectral_bench.ui.text_plot import text_plot

        colour = console.color_system is not None and not console.no_color
        for picture in pictures:
            for plot in in_characters(picture):
                drawn = text_plot(plot, console.width, colour=colour)
                typer.echo(encodable(drawn, console.encoding), color=colour)
    if output is not None:
        draw_all([(picture.title, picture) for picture in pictures], draw, output)
    if data is not None:
        from spectral_bench.report.formats import records_as_csv
        from spectral_bench.ui.delivery import write_named

        rows = ({"task": picture.title, **row} for picture in pictures for row in picture.rows())
        write_named(data, records_as_csv(list(rows)))
        typer.echo(str(data), err=True)


def draw_all(titled: Sequence[tuple[str, _T]], draw: Callable[[_T], Figure], output: Path) -> None:
    """Draw each into a file and report its name, which the title extends if there are several.

    Raises:
        InputError: a file cannot be written.
    """
    from spectral_bench.figures.page import printable, save

    for title, one in titled:
        path = output if len(titled) == 1 else output.with_stem(f"{output.stem}-{_slug(title)}")
        with printable():
            save(draw(one), path)
        typer.echo(str(path), err=True)


def _slug(title: str) -> str:
    return re.sub(r"[^\w.]+", "-", title).strip("-")

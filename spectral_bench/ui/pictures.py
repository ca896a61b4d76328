"""Deliver figures: in files, as numbers, or drawn with characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from spectral_bench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure
    from rich.console import Console

    from spectral_bench.figures.sheet import Sheet
    from spectral_bench.ui.text_plot import TextPlot

#: File formats of a picture.
_FORMATS = (".png", ".svg", ".pdf")

#: Lines of the screen for what a watch says below: the time, the names of files that were written, the cursor.
_WATCH = 4

#: Stands in a name for the title of each figure, where there are several.
_EACH = "{}"


class Drawable(Protocol):
    """The numbers of a figure."""

    @property
    def title(self) -> str:
        """Of its section."""

    def rows(self) -> Iterable[dict[str, Any]]:
        """The numbers behind it."""


D = TypeVar("D", bound=Drawable)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Wanted:
    """What is to be made of figures.

    Attributes:
        sheet: their layout.
        output: file of the figure, a folder of several, or a name with ``{}`` for their titles.
        show: draw with characters.
        data: file of the numbers.
        style: a style sheet of matplotlib.
        waits: it is drawn again and again: that there is nothing yet is no error, and what is shown fits the screen.
    """

    sheet: Sheet
    output: Path | None = None
    show: bool = False
    data: Path | None = None
    style: Path | None = None
    waits: bool = False

    def fits(self, console: Console) -> bool:
        """Whether what is shown is to fit the screen."""
        return self.waits and console.is_terminal


def check_picture(option: str, output: Path | None) -> None:
    """Refuse a file name that implies no picture format, before any work is done.

    Raises:
        InputError: the message lists the formats.
    """
    if output is not None and output.suffix.lower() not in _FORMATS:
        raise InputError(f"{option} {output}: expected a name that ends in {', '.join(_FORMATS)}.")


def check_pictures(option: str, output: Path | None) -> None:
    """Refuse a name that is neither of a picture nor of a folder for several, before any work is done.

    Raises:
        InputError: the message says what is possible.
    """
    if output is not None and not _is_folder(output) and output.suffix.lower() not in _FORMATS:
        raise InputError(
            f"{option} {output}: expected a name that ends in {', '.join(_FORMATS)}, or a folder, which exists or "
            "whose name ends in /."
        )


def write_pictures(pictures: Sequence[D], draw: Callable[[D, Sheet], Figure], wanted: Wanted) -> None:
    """Write the files that were asked for, and report their names.

    Args:
        pictures: one for each section.
        draw: makes the figure of one.
        wanted: what to write.

    Raises:
        InputError: there is nothing to draw, more than the file asked for can hold, or a file cannot be written.
    """
    if not pictures:
        if wanted.waits:
            return
        is_file = wanted.output is not None or wanted.data is not None
        raise InputError(f"There is nothing to draw{': no file is written' if is_file else ''}.")
    if wanted.output is None and wanted.data is None:
        return
    files = [] if wanted.output is None else _files(wanted.output, [picture.title for picture in pictures])
    problems: list[str] = []
    if files:
        from spectral_bench.figures.page import printable, save

        with printable(wanted.style):
            for file, picture in zip(files, pictures, strict=True):
                try:
                    figure = draw(picture, wanted.sheet)
                except InputError as error:  # one that fits no page leaves no file, and costs no other one
                    problems.append(str(error))
                    continue
                save(figure, file)
                typer.echo(str(file), err=True)
    if wanted.data is not None:
        from spectral_bench.report.formats import records_as_csv
        from spectral_bench.ui.delivery import write_named

        rows = ({"task": picture.title, **row} for picture in pictures for row in picture.rows())
        write_named(wanted.data, records_as_csv(list(rows)))
        typer.echo(str(wanted.data), err=True)
    if problems:
        raise InputError(" ".join(problems))


def draw_in_characters(plots: Sequence[TextPlot], console: Console, taken: int | None = None) -> None:
    """Print plots, as wide as the terminal is and in its colours.

    Args:
        plots: what to draw.
        console: where.
        taken: lines of the screen that something else takes: plots are lower, or left out, to fit beside it; None: they
            are as high as is best.
    """
    from spectral_bench.ui.encoding import encodable
    from spectral_bench.ui.text_plot import TALLEST, text_plot

    colour = console.color_system is not None and not console.no_color
    room = None if taken is None else console.height - taken - _WATCH
    shown, height = (len(plots), TALLEST) if room is None else _fitting(plots, room)
    for plot in plots[:shown]:
        drawn = text_plot(plot, console.width, height, colour=colour)
        typer.echo(encodable(drawn, console.encoding), color=colour)
    if shown < len(plots):
        typer.echo(f"{len(plots) - shown} of {len(plots)} plots have no room: --panels and --where choose.")


def _fitting(plots: Sequence[TextPlot], room: int) -> tuple[int, int]:
    """How many plots fit so many lines, at least one, and how high each is."""
    from spectral_bench.ui.text_plot import LOWEST, TALLEST

    for shown in range(len(plots), 0, -1):
        beside = sum(2 + len(plot.curves) + len(plot.limits) for plot in plots[:shown])
        height = (room - beside - (shown < len(plots))) // shown
        if height >= LOWEST or shown == 1:
            return shown, min(max(height, LOWEST), TALLEST)
    return 0, TALLEST


def _files(output: Path, titles: Sequence[str]) -> list[Path]:
    """A file for each title.

    Raises:
        InputError: there are several, and one was asked for.
    """
    if _is_folder(output):
        return [output / f"{_slug(title)}.png" for title in titles]
    if _EACH in output.name:
        return [output.with_name(output.name.replace(_EACH, _slug(title))) for title in titles]
    if len(titles) > 1:
        raise InputError(
            f"-o {output}: these runs make {len(titles)} figures ({'; '.join(titles)}). Name a folder "
            f"(-o {output.with_suffix('')}/), use {_EACH} in the name ({output.with_name(_EACH + output.suffix)}), or "
            "choose one with --where."
        )
    return [output]


def _is_folder(output: Path) -> bool:
    """A trailing slash is lost in a ``Path``; a name without suffix that exists as no file is a folder, too."""
    return output.is_dir() or (not output.suffix and not output.is_file())


def _slug(title: str) -> str:
    return re.sub(r"[^\w.]+", "-", title).strip("-")


def draw_all(titled: Sequence[tuple[str, _T]], draw: Callable[[_T], Figure], output: Path) -> None:
    """Draw each into a file and report its name.

    Raises:
        InputError: there are several, and one file was asked for; or a file cannot be written.
    """
    from spectral_bench.figures.page import printable, save

    with printable():
        for file, (_, one) in zip(_files(output, [title for title, _ in titled]), titled, strict=True):
            save(draw(one), file)
            typer.echo(str(file), err=True)

"""The settings under which every figure is drawn and saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure, SubFigure

from spectral_bench.config.hints import short
from spectral_bench.errors import InputError
from spectral_bench.figures.measured_text import as_drawn, wrapped
from spectral_bench.runs.atomic import write_atomically

_RC: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "savefig.dpi": 200,
    "svg.hashsalt": "spectral-bench",  # the same numbers give the same file
    "pdf.fonttype": 42,  # keep text as text
}


#: Digits of the places of panels, as shares of their part of the figure.
_PLACES = 6

#: Of the title of a narrow panel, in points.
TITLE_SIZE = 7


@contextmanager
def printable(style: Path | None = None) -> Iterator[None]:
    """Settings under which every picture is drawn and saved.

    Args:
        style: a style sheet of matplotlib, which is stronger than ours.

    Raises:
        InputError: it cannot be read, or says what matplotlib does not understand.
    """
    with mpl.rc_context(_RC):
        if style is not None:
            mpl.rcParams.update(_read_style(style))
        yield


def _read_style(file: Path) -> Any:
    if not file.is_file():
        raise InputError(f"--style {file}: there is no such file.")
    try:
        return mpl.rc_params_from_file(file, fail_on_error=True, use_default_template=False)
    except (KeyError, ValueError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"--style {file}: matplotlib does not understand it: {short(str(error))}.") from error


def panel_title(label: str, width: float) -> str:
    """A group's label as the title of a narrow panel of so many inches, broken into lines."""
    return "\n".join(wrapped(as_drawn(label), width, TITLE_SIZE))


def save(figure: Figure, path: Path) -> None:
    """Write a picture, as wide as it was asked for; whoever looks at it meanwhile sees the one before.

    Raises:
        InputError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    options: Any = {"pil_kwargs": {"optimize": True}} if suffix == ".png" else {}
    if suffix != ".png":
        options["metadata"] = {"Date": None} if suffix == ".svg" else {"CreationDate": None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _settle(figure)
        write_atomically(path, lambda temporary: figure.savefig(temporary, format=suffix.removeprefix("."), **options))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _settle(figure: Figure) -> None:
    """Lay a figure out, once: the last digits of a layout depend on where in memory its parts lie."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in _parts(figure):
        box = part.bbox_relative
        box.p0, box.p1 = np.round(box.p0, _PLACES), np.round(box.p1, _PLACES)
    for axes in figure.axes:
        places = axes.get_position(original=True).bounds
        left, bottom, width, height = (round(place, _PLACES) for place in places)
        axes.set_position((left, bottom, width, height))


def _parts(figure: Figure | SubFigure) -> Iterator[SubFigure]:
    """All parts of a figure, the parts of parts too."""
    for part in figure.subfigs:
        yield part
        yield from _parts(part)

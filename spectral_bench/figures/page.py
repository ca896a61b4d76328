"""The page a figure stands on: its size, its header, the titles of its panels, and how it is saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from spectral_bench.errors import InputError

#: Inches: the text width of a page.
WIDTH = 7.0

#: Inches of a title and of a line of a caption.
_TITLE, _LINE = 0.21, 0.14

#: Characters above a fifth of the width.
_TITLE_WIDTH = 22

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
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.08,
    "svg.hashsalt": "spectral-bench",  # the same numbers give the same file
    "pdf.fonttype": 42,  # keep text as text
}


@contextmanager
def printable() -> Iterator[None]:
    """Settings under which every picture is drawn and saved."""
    with mpl.rc_context(_RC):
        yield


def page(heights: Sequence[float]) -> tuple[Figure, list[SubFigure]]:
    """A figure of strips of these heights, in inches, one under the other."""
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    strips: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    return figure, list(strips)


def header(figure: SubFigure, axes: Sequence[Axes], title: str, caption: Sequence[str]) -> None:
    """Fill the strip above the panels: a title, the lines of a caption, and one legend for all of them."""
    entries: dict[str, Artist] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(str(label), handle)
    height = header_height(list(entries), caption)
    figure.text(0.005, 1.0, title, fontsize=9, fontweight="bold", va="top")
    for number, line in enumerate(caption):
        figure.text(0.005, 1 - (_TITLE + _LINE * number) / height, line, fontsize=7, color="#444444", va="top")
    figure.legend(
        list(entries.values()), list(entries), loc="lower left", ncols=_columns(list(entries)), frameon=False,
        handlelength=3.6, borderaxespad=0.2, borderpad=0,
    )  # fmt: skip


def header_height(labels: Sequence[str], caption: Sequence[str]) -> float:
    """Inches that ``header`` needs for a legend of these entries and the lines of its caption."""
    return _TITLE + _LINE * len(caption) + 0.05 + 0.17 * -(-len(labels) // _columns(labels))


def _columns(labels: Sequence[str]) -> int:
    """Entries of a legend that fit side by side."""
    longest = max(map(len, labels), default=1)
    return max(1, min(len(labels), 114 // (longest + 10)))


def panel_title(label: str) -> str:
    """A group's label as the title of a narrow panel, broken into lines."""
    return fill(label, _TITLE_WIDTH, break_long_words=False)


def panel_height(labels: Sequence[str], height: float) -> float:
    """Inches for a row of narrow panels with these titles."""
    return height + 0.13 * max(panel_title(label).count("\n") for label in labels)


def save(figure: Figure, path: Path) -> None:
    """Write a picture.

    Raises:
        InputError: the file cannot be written.
    """
    metadata: Any = {"Date": None} if path.suffix.lower() == ".svg" else {"CreationDate": None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".png":
            _save_with_palette(figure, path)
        else:
            figure.savefig(path, metadata=metadata)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _save_with_palette(figure: Figure, path: Path) -> None:
    """Reduced to 256 colours: no visible difference in these pictures, and a third of the size."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256).save(path, format="png", optimize=True)

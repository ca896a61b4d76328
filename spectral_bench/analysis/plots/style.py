"""What all pictures have in common: colours, sizes, saving."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.analysis.series import Series
from spectral_bench.errors import InputError

#: Okabe and Ito (2008): told apart by every kind of colour vision; their yellow is left out, for it is lost on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: When colours run out, and for black-and-white print.
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)))

#: Inches: the text width of a page.
WIDTH = 7.0

#: Characters above a fifth of the width.
_TITLE_WIDTH = 22

FORMATS = (".png", ".svg", ".pdf")

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
    "pdf.fonttype": 42,  # text stays text
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


def colour(style: int) -> str:
    """The colour of the group in this position."""
    return COLOURS[style % len(COLOURS)]


def dashes(style: int) -> Any:
    """The line style of the group in this position: the second round of colours is dashed."""
    return _DASHES[(style // len(COLOURS)) % len(_DASHES)]


def draw(axes: Axes, curves: Iterable[Series]) -> None:
    """Lines with their bands."""
    for series in curves:
        axes.plot(
            series.x,
            series.mean,
            color=colour(series.style),
            linestyle=dashes(series.style),
            label=series.label,
            marker="." if len(series.x) == 1 else None,
            zorder=3,
        )
        if series.runs > 1:
            axes.fill_between(
                series.x, series.low, series.high, color=colour(series.style), alpha=0.2, linewidth=0, zorder=2
            )


def header(figure: SubFigure, axes: Sequence[Axes], title: str, remark: str = "") -> None:
    """Fill the strip above the panels: a title, a remark, and one legend for all of them."""
    entries: dict[str, Artist] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(str(label), handle)
    figure.text(0.01, 0.98, title, fontsize=9, fontweight="bold", va="top")
    figure.text(0.99, 0.98, remark, fontsize=7, color="#555555", va="top", ha="right")
    figure.legend(
        list(entries.values()), list(entries), loc="lower left", ncols=_columns(list(entries)), frameon=False,
        handlelength=1.8, borderaxespad=0.2,
    )  # fmt: skip


def header_height(labels: Sequence[str]) -> float:
    """Inches that ``header`` needs for a legend of these entries."""
    return 0.25 + 0.17 * -(-len(labels) // _columns(labels))


def _columns(labels: Sequence[str]) -> int:
    """Entries of a legend that fit side by side."""
    longest = max(map(len, labels), default=1)
    return max(1, min(len(labels), 108 // (longest + 8)))


def panel_title(label: str) -> str:
    """A group's label as the title of a narrow panel, broken into lines."""
    return fill(label, _TITLE_WIDTH, break_long_words=False)


def panel_height(labels: Sequence[str], height: float) -> float:
    """Inches for a row of narrow panels with these titles."""
    return height + 0.13 * max(panel_title(label).count("\n") for label in labels)


def decades(axes: Axes, curves: Iterable[Series], most: int = 24) -> None:
    """Limit a logarithmic y axis to what the curves need, and to so many decades below the top."""
    drawn = [series for series in curves if len(series.x)]
    if not drawn:
        return
    top = max(float(series.high.max()) for series in drawn)
    bottom = min(float(series.low.min()) for series in drawn)
    axes.set_ylim(max(bottom, top * 10.0**-most) / 2, top * 2)


def check(path: Path) -> None:
    """Refuse a file name that asks for no picture format.

    Raises:
        InputError: saying which there are.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"-o {path}: expected a name that ends in {', '.join(FORMATS)}.")


def save(figure: Figure, path: Path) -> None:
    """Write a picture.

    Raises:
        InputError: the file cannot be written.
    """
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=metadata)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error

"""What all pictures have in common: lines, limits, sizes, saving."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from PIL import Image

from spectral_bench.analysis.series import Series
from spectral_bench.errors import InputError
from spectral_bench.training.gradient_decay import FLOOR

#: Okabe and Ito (2008): told apart by every kind of colour vision; their yellow is left out, for it is lost on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: Without colour, lines are told apart by their markers, and by dashes where they lie on each other.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = ("-", (0, (7, 2)), (0, (3, 1.2)), (0, (8, 1.5, 1.5, 1.5)))

#: Markers on a line of many points.
_MARKED = 4

#: Of lines that are no measurement: what a radius allows, a baseline.
LIMIT: Any = {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1.5}

#: For captions.
OF_SEEDS = "Lines: geometric means over seeds; bands: from the smallest to the largest."

#: Inches: the text width of a page.
WIDTH = 7.0

#: Inches of a title and of a line of a caption.
_TITLE, _LINE = 0.21, 0.14

#: Characters above a fifth of the width.
_TITLE_WIDTH = 22

#: A logarithmic axis reaches no further below its top: what is smaller by more moves no weight.
DECADES = 12

BELOW_THE_AXIS = "Where a line leaves below, it is (nearly) zero."

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


def _marked(points: int, style: int) -> tuple[int, int]:
    """The first marked point and the distance to the next: lines that lie on each other are marked in turn.

    Multiples of the golden ratio spread any number of styles over the distance.
    """
    distance = -(-points // _MARKED)
    return int(distance * (0.618 * style % 1)), distance


def draw(axes: Axes, curves: Iterable[Series]) -> None:
    """Lines with their bands over training or time steps."""
    axes.locator_params(axis="x", integer=True)
    for series in curves:
        dashes = _DASHES[series.style % len(_DASHES)]
        axes.plot(
            series.x,
            series.mean,
            color=colour(series.style),
            linestyle=dashes,
            marker=_MARKERS[series.style % len(_MARKERS)],
            markersize=4,
            markeredgewidth=0,
            markevery=_marked(len(series.x), series.style),
            label=series.label,
            zorder=3 if dashes == "-" else 3.1,  # what lies below a dashed line is seen through it
        )
        if series.runs > 1:
            axes.fill_between(
                series.x, series.low, series.high, color=colour(series.style), alpha=0.2, linewidth=0, zorder=2
            )


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


def plain_decades(axes: Axes) -> None:
    """Label a logarithmic y axis of few decades with plain numbers, between the powers of ten, too."""
    low, high = axes.get_ylim()
    if high < low * 10**2:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def leaves_at_the_bottom(curves: Sequence[Series]) -> bool:
    """Whether a curve lies below its axis somewhere."""
    top = max((float(series.high.max()) for series in curves if len(series.x)), default=0.0)
    return any(bool((series.mean < top * 10.0**-DECADES).any()) for series in curves)


def panel_title(label: str) -> str:
    """A group's label as the title of a narrow panel, broken into lines."""
    return fill(label, _TITLE_WIDTH, break_long_words=False)


def panel_height(labels: Sequence[str], height: float) -> float:
    """Inches for a row of narrow panels with these titles."""
    return height + 0.13 * max(panel_title(label).count("\n") for label in labels)


def decades(axes: Axes, curves: Iterable[Series], most: int = DECADES) -> None:
    """Limit a logarithmic y axis to what the curves need, and to so many decades below the top.

    Zeros lie below every axis and do not stretch it.
    """
    values = np.concatenate([np.empty(0), *(edge for series in curves for edge in (series.low, series.high))])
    values = values[values > FLOOR]
    if len(values):
        top = float(values.max())
        axes.set_ylim(max(float(values.min()), top * 10.0**-most) / 1.5, top * 1.5)


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
    """As 256 colours, which no eye misses in these pictures and which take a third of the space."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256).save(path, format="png", optimize=True)

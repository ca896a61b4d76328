"""The figure of a search in parallel coordinates."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.searches import SearchLine, SearchPictures
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.value_axis import ValueAxis
from spectral_bench.figures.words import key_in_words

_GREY = "#888888"

#: Where runs end that did worse than any number, below the axis of the results.
_WORST = -0.14


def draw_searches(pictures: SearchPictures, sheet: Sheet) -> Figure:
    """Draw an axis a key, the result last, and a line a run."""
    caption = "A line is a run; the lighter, the larger the result."
    if any(line.result is None for line in pictures.lines):
        caption += " Dashed: diverged, or never got there."
    y = key_in_words(pictures.y, pictures.metric)
    strip = Strip(2.8, lambda part: _draw(part, pictures))
    return figure_of_strips(sheet, f"{pictures.title}: {y} of {len(pictures.lines)} runs", [caption], [], [strip])


def _draw(figure: SubFigure, pictures: SearchPictures) -> Sequence[Axes]:
    axes: Axes = figure.subplots()
    columns = [*pictures.axes, pictures.y_axis]
    heights = [_heights(column) for column in columns]
    for line in sorted(pictures.lines, key=lambda one: (one.result is not None, one.result or 0.0)):
        _draw_line(axes, line, heights)
    for at, (column, height) in enumerate(zip(columns, heights, strict=True)):
        axes.plot([at, at], [-0.03, 1.03], color="black", linewidth=0.8, zorder=4)
        places, labels = column.ticks()
        for place, label in zip(places, labels, strict=True):
            y = _scaled(column, place)
            axes.text(
                at - 0.03, y, label, ha="right", va="center", fontsize=6.5, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.3},
            )  # fmt: skip
        name = key_in_words(column.key, pictures.metric).replace(" ", "\n", 1)
        axes.text(at, 1.08, name, ha="center", va="bottom", fontsize=7)
        del height
    if any(line.result is None for line in pictures.lines):
        axes.text(len(columns) - 0.97, _WORST, "diverged\nor never", va="center", fontsize=6.5)
    axes.set(xlim=(-0.6, len(columns) - 0.5), ylim=(_WORST - 0.06, 1.3))
    axes.set_axis_off()
    return []


def _draw_line(axes: Axes, line: SearchLine, heights: Sequence[dict[str, float]]) -> None:
    *keys, results = heights
    points = [height[as_typed(value)] for height, value in zip(keys, line.values, strict=True)]
    x = list(range(len(heights)))
    if line.result is None:
        axes.plot(x, [*points, _WORST], color=_GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=2)
        return
    end = results[as_typed(line.result)]
    colour = mpl.colormaps["viridis"](Normalize(0, 1)(end * 0.92))
    axes.plot(x, [*points, end], color=colour, linewidth=1.0, alpha=0.85, zorder=3)


def _heights(column: ValueAxis) -> dict[str, float]:
    """Where the values of an axis lie between its ends, 0 and 1."""
    return {text: _scaled(column, place) for text, place in column.places.items()}


def _scaled(column: ValueAxis, place: float) -> float:
    low, high = min(column.places.values()), max(column.places.values())
    return 0.5 if low == high else (place - low) / (high - low)

"""The figure of a search in parallel coordinates."""

from collections.abc import Sequence
from dataclasses import replace

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.measured_text import wrapped
from spectral_bench.figures.searches import SearchLine, SearchPictures
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.value_axis import ValueAxis
from spectral_bench.figures.words import key_in_words

_GREY = "#888888"

#: Where runs end that did worse than any number, below the axis of the results.
_WORST = -0.14

#: Inches of the narrowest axis with its labels, and of an axis from end to end: by choice, and at least.
_NARROWEST, _HEIGHT, _LEAST = 0.72, 2.2, 1.6

#: Size of a name in points, and inches of its lines.
_NAME, _LINE = 7.0, 0.12

#: Two labels of an axis are at least this share of it apart.
_APART = 0.055


def draw_searches(pictures: SearchPictures, sheet: Sheet) -> Figure:
    """Draw an axis a key, the result last, and a line a run; in several rows, each with the result, on narrow pages."""
    caption = f"A line is a run; the lighter, the {'better' if pictures.judges else 'smaller'}."
    if any(line.result is None for line in pictures.lines):
        caption += " Dashed: diverged, or never got there."
    y = key_in_words(pictures.y, pictures.metric)
    count = len(pictures.axes)

    def strips(layout: Sheet) -> list[Strip]:
        columns = layout.beside(count, layout.width / max(1, int(layout.width / _NARROWEST) - 1))
        firsts = range(0, count, columns)
        return [_strip(pictures, range(at, min(at + columns, count)), columns, layout) for at in firsts]

    return figure_of_strips(sheet, f"{pictures.title}: {y} of {len(pictures.lines)} runs", [caption], {}, strips)


def _strip(pictures: SearchPictures, keys: Sequence[int], columns: int, sheet: Sheet) -> Strip:
    """A row of axes: these keys, and the result."""
    across = sheet.width / (columns + 1)
    names = [
        wrapped(key_in_words(key, pictures.metric), across - 0.05, _NAME)
        for key in (*(pictures.axes[at].key for at in keys), pictures.y)
    ]
    lines = max(map(len, names))
    return Strip(
        _HEIGHT + _LINE * lines, lambda part: _draw(part, pictures, keys, columns, names), _LEAST + _LINE * lines
    )


def _draw(
    figure: SubFigure, pictures: SearchPictures, keys: Sequence[int], columns: int, names: Sequence[Sequence[str]]
) -> Sequence[Axes]:
    axes: Axes = figure.subplots()
    shown = [*(pictures.axes[at] for at in keys), pictures.y_axis]
    heights = [_heights(column) for column in shown]
    sign = 1 if pictures.rises else -1
    for line in sorted(pictures.lines, key=lambda one: (one.result is not None, sign * (one.result or 0.0))):
        of_these = replace(line, values=[line.values[at] for at in keys])
        _draw_line(axes, of_these, heights, rises=pictures.rises)
    for at, (column, name) in enumerate(zip(shown, names, strict=True)):
        axes.plot([at, at], [-0.03, 1.03], color="black", linewidth=0.8, zorder=4)
        is_result = at == len(keys)
        for label, y in _spaced(column):
            axes.text(
                at + (0.05 if is_result else -0.05), y, label, ha="left" if is_result else "right", va="center",
                fontsize=6.5, zorder=5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
        axes.text(at, 1.06, "\n".join(name), ha="center", va="bottom", fontsize=_NAME)
    bottom = -0.04
    if any(line.result is None for line in pictures.lines):
        bottom = _WORST - 0.06
        axes.text(len(keys) + 0.05, _WORST, "diverged\nor never", va="center", fontsize=6.5)
    axes.set(xlim=(-0.6, columns + 0.5), ylim=(bottom, 1.08 + _LINE / _HEIGHT * 1.3 * max(map(len, names))))
    axes.set_axis_off()
    return []


def _spaced(column: ValueAxis) -> list[tuple[str, float]]:
    """The labels of an axis with their heights, from the top, without those that would lie on another."""
    found: list[tuple[str, float]] = []
    places, labels = column.ticks()
    for place, label in sorted(zip(places, labels, strict=True), reverse=True):
        y = _scaled(column, place)
        if not found or found[-1][1] - y >= _APART:
            found.append((label, y))
    return found


def _draw_line(axes: Axes, line: SearchLine, heights: Sequence[dict[str, float]], *, rises: bool) -> None:
    *keys, results = heights
    points = [height[as_typed(value)] for height, value in zip(keys, line.values, strict=True)]
    x = list(range(len(heights)))
    if line.result is None:
        axes.plot(x, [*points, _WORST], color=_GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=2)
        return
    end = results[as_typed(line.result)]
    colour = mpl.colormaps["viridis"](0.92 * (end if rises else 1.0 - end))
    axes.plot(x, [*points, end], color=colour, linewidth=1.0, alpha=0.85, zorder=3)


def _heights(column: ValueAxis) -> dict[str, float]:
    """Where the values of an axis lie between its ends, 0 and 1."""
    return {text: _scaled(column, place) for text, place in column.places.items()}


def _scaled(column: ValueAxis, place: float) -> float:
    low, high = min(column.places.values()), max(column.places.values())
    return 0.5 if low == high else (place - low) / (high - low)

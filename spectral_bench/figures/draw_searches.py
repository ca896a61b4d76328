"""The figure of a search in parallel coordinates."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

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

#: Lines of one value meet its axis this share of it apart, and no further from the value than that.
_STEP, _SPREAD = 0.012, 0.03

#: Size of a name in points, and inches of its lines.
_NAME, _LINE = 7.0, 0.12

#: Two labels of an axis are at least this share of it apart.
_APART = 0.055


def draw_searches(pictures: SearchPictures, sheet: Sheet) -> Figure:
    """Draw an axis a key, the result last, and a line a run; in several rows, each with the result, on narrow pages."""
    caption = f"A line is a run; the lighter, the {'better' if pictures.judges else 'smaller'}."
    if any(line.result is None for line in pictures.lines):
        caption += " Dashed: diverged, or never got there."
    if any(any(_sidesteps(axis, _values_of(pictures, at))) for at, axis in enumerate(pictures.axes)):
        caption += " Runs of one value stand side by side."
    y = key_in_words(pictures.y, pictures.metric)
    count = len(pictures.axes)

    def strips(layout: Sheet) -> list[Strip]:
        columns = layout.beside(count, layout.width / max(1, int(layout.width / _NARROWEST) - 1))
        firsts = range(0, count, columns)
        return [_strip(pictures, range(at, min(at + columns, count)), columns, layout) for at in firsts]

    return figure_of_strips(sheet, f"{pictures.title}: {y} of {len(pictures.lines)} runs", [caption], {}, strips)


def _values_of(pictures: SearchPictures, at: int) -> list[Any]:
    return [line.values[at] for line in pictures.lines]


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
    ordered = _from_the_worst(pictures)
    aside = [_sidesteps(pictures.axes[at], [line.values[at] for line in ordered]) for at in keys]
    ends = _heights(pictures.y_axis)
    for number, line in enumerate(ordered):
        heights = [
            _scaled(pictures.axes[at], pictures.axes[at].place(line.values[at])) + steps[number]
            for at, steps in zip(keys, aside, strict=True)
        ]
        end = None if line.result is None else ends[as_typed(line.result)]
        _draw_line(axes, heights, end, rises=pictures.rises)
    for at, (column, name) in enumerate(zip(shown, names, strict=True)):
        axes.plot([at, at], [-0.03, 1.03], color=mpl.rcParams["text.color"], linewidth=0.8, zorder=4)
        is_result = at == len(keys)
        for label, y in _spaced(column):
            axes.text(
                at + (0.05 if is_result else -0.05), y, label, ha="left" if is_result else "right", va="center",
                fontsize=6.5, zorder=5,
                bbox={"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 0.6},
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


def _from_the_worst(pictures: SearchPictures) -> list[SearchLine]:
    """The runs in the order in which they are drawn: the best lie on top."""
    sign = 1 if pictures.rises else -1
    return sorted(pictures.lines, key=lambda one: (one.result is not None, sign * (one.result or 0.0)))


def _sidesteps(column: ValueAxis, values: Sequence[Any]) -> list[float]:
    """How far above or below its value each line meets an axis, as a share of it, so that none hides another.

    Args:
        column: the axis.
        values: of the lines, in their order.
    """
    heights = sorted(set(_heights(column).values()))
    nearest = min((upper - lower for lower, upper in pairwise(heights)), default=1.0)
    by_value: dict[str, list[int]] = {}
    for at, value in enumerate(values):
        by_value.setdefault(as_typed(value), []).append(at)
    aside = [0.0] * len(values)
    for members in by_value.values():
        step = min(_STEP, 2 * _SPREAD / len(members), nearest / 2 / len(members))
        for rank, at in enumerate(members):
            aside[at] = step * (rank - (len(members) - 1) / 2)
    return aside


def _draw_line(axes: Axes, heights: Sequence[float], end: float | None, *, rises: bool) -> None:
    x = list(range(len(heights) + 1))
    if end is None:
        axes.plot(x, [*heights, _WORST], color=_GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=2)
        return
    colour = mpl.colormaps["viridis"](0.92 * (end if rises else 1.0 - end))
    axes.plot(x, [*heights, end], color=colour, linewidth=1.0, alpha=0.85, zorder=3)


def _heights(column: ValueAxis) -> dict[str, float]:
    """Where the values of an axis lie between its ends, 0 and 1."""
    return {text: _scaled(column, place) for text, place in column.places.items()}


def _scaled(column: ValueAxis, place: float) -> float:
    low, high = min(column.places.values()), max(column.places.values())
    return 0.5 if low == high else (place - low) / (high - low)

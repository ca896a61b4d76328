"""Curves drawn with characters, for a remote terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotext
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.series import Array, Series
from spectral_bench.figures.style import FAR, within_decades

#: Steps of red, green and blue among the 256 colours of a terminal.
_LEVELS = np.array([0, 95, 135, 175, 215, 255])

#: Grey, for black and what is nearly so: visible on light and dark backgrounds.
_GREY = 244

#: Quarters of a character: the finest lines, but all look alike.
_FINE = "hd"

#: Lines of a plot: with the names of six models below, one screen of an old terminal.
TALLEST = 18

#: Fewer lines show no course.
LOWEST = 8

_MOST_TICKS = 7


@dataclass(frozen=True)
class Limit:
    """A line that is no measurement: what a radius allows, a baseline.

    Attributes:
        label: its name below the plot.
        colour: of the group it belongs to; None: of no group.
        y: shape (P,), or (1,) for a level, which the axis is stretched to show unless it lies far off.
        x: shape (P,); None: a level.
    """

    label: str
    colour: str | None
    y: Array
    x: Array | None = None


@dataclass(frozen=True)
class TextPlot:
    """What one plot shows.

    Attributes:
        title: above it.
        x_name: what is on the x axis.
        curves: their means; characters cannot show bands.
        logarithmic: the y axis.
        limits: drawn behind the curves.
        ticks: of the x axis, places and labels; None: round numbers.
        backwards: the x axis runs from its largest value to its smallest.
    """

    title: str
    x_name: str
    curves: Sequence[Series]
    logarithmic: bool
    limits: Sequence[Limit] = ()
    backwards: bool = False
    ticks: tuple[Sequence[float], Sequence[str]] | None = None


def _value_at(plot: TextPlot, x: float) -> str:
    """A value of x: as its tick says it, where it has one."""
    places, labels = plot.ticks or ((), ())
    return dict(zip(places, labels, strict=True)).get(x) or (f"{x:,.0f}" if x == round(x) else f"{x:g}")


def text_plot(plot: TextPlot, width: int, height: int = TALLEST, *, colour: bool) -> str:
    """Draw curves as text, and under them what each character stands for.

    Args:
        plot: what to draw.
        width: characters.
        height: lines, without title and legend.
        colour: whether the terminal shows colours; without, markers distinguish the curves.
    """
    curves = [series for series in plot.curves if len(series.x)]
    if not curves:
        return f"{plot.title}: nothing finite to draw.\n"
    every_x = np.concatenate([series.x for series in curves])
    if len(np.unique(every_x)) == 1:
        lines = [f"  {series.label}: {series.mean[0]:.4g}" for series in curves]
        return "\n".join([f"{plot.title}: measured once, at {plot.x_name} {_value_at(plot, every_x[0])}:", *lines, ""])
    x_range = float(every_x.min()), float(every_x.max())
    low, high = _y_range(plot, curves)

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    plotext.xlabel(plot.x_name)
    plotext.xlim(*(x_range if x_range[0] < x_range[1] else (x_range[0] - 0.5, x_range[0] + 0.5)))
    plotext.xreverse(plot.backwards)
    plotext.ylim(low, high)
    rounds = _round_numbers(*x_range, integer=True)
    plotext.xticks(*(plot.ticks or (rounds, [f"{tick:g}" for tick in rounds])))
    plotext.yticks(*_y_ticks(low, high, logarithmic=plot.logarithmic))

    def line(x: Array, y: Array, marker: str, shade: int | str) -> None:
        heights = np.clip(_height(y, logarithmic=plot.logarithmic), 2 * low - high, 2 * high - low)
        shown = np.isfinite(heights)
        plotext.plot(x[shown].tolist(), heights[shown].tolist(), marker=marker, color=shade)

    names: dict[str, str] = {}
    for limit in plot.limits:
        shade = "default" if limit.colour is None else _of_terminal(limit.colour)
        if limit.x is not None:
            line(limit.x, limit.y, ".", shade)
        elif low <= _height(limit.y, logarithmic=plot.logarithmic)[0] <= high:
            line(np.array(x_range), limit.y.repeat(2), ".", shade)
        names[limit.label] = plotext.colorize(".", shade)
    legend = []
    shades: list[int] = []
    for series in curves:
        marker, shade = series.look.character, _of_terminal(series.look.colour)
        fine = colour and shade not in shades
        shades.append(shade)
        line(series.x, series.mean, _FINE if fine else marker, shade)
        legend.append(f"{plotext.colorize('█' if fine else marker, shade)} {series.label}")
    legend += [f"{mark} {label}" for label, mark in names.items()]
    text = "\n".join([plot.title, plotext.build().rstrip("\n"), *legend, ""])
    return text if colour else str(plotext.uncolorize(text))


def _of_terminal(colour: str) -> int:
    """The nearest of the 216 colours of a terminal."""
    rgb = 255 * np.array(to_rgb(colour))
    if rgb.max() < 80:
        return _GREY
    red, green, blue = (int(np.abs(_LEVELS - part).argmin()) for part in rgb)
    return 16 + 36 * red + 6 * green + blue


def _height(y: Array, *, logarithmic: bool) -> Array:
    """Where on the y axis."""
    return np.log10(np.maximum(y, FLOOR)) if logarithmic else y


def _y_range(plot: TextPlot, curves: Sequence[Series]) -> tuple[float, float]:
    """The heights between which the axis lies: that of the curves, as in the figures, and levels that are near."""
    values = np.concatenate([series.mean for series in curves])
    if plot.logarithmic:
        values = np.log10(within_decades(values) or (1.0, 1.0))
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    levels = [float(_height(one.y, logarithmic=plot.logarithmic)[0]) for one in plot.limits if one.x is None]
    room = FAR * (high - low)
    near = [level for level in levels if low - room <= level <= high + room]
    return min([low, *near]), max([high, *near])


def _y_ticks(low: float, high: float, *, logarithmic: bool) -> tuple[list[float], list[str]]:
    """Heights and their labels; on a logarithmic axis whole decades, or what is between them if there are too few."""
    if not logarithmic:
        ticks = _round_numbers(low, high)
        return ticks, [f"{tick:g}" for tick in ticks]
    decades = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    if len(decades) >= 2:
        decades = decades[:: -(-len(decades) // _MOST_TICKS)]
        return [float(decade) for decade in decades], [f"1e{decade}" for decade in decades]
    digits = [digit * 10.0**decade for decade in range(int(np.floor(low)), int(np.ceil(high))) for digit in (1, 2, 5)]
    ticks = [value for value in digits if low <= np.log10(value) <= high]
    if len(ticks) < 2:
        ticks = _round_numbers(10.0**low, 10.0**high)
    return [float(np.log10(value)) for value in ticks], [f"{value:g}" for value in ticks]


def _round_numbers(low: float, high: float, *, integer: bool = False) -> list[float]:
    """A few round numbers from low to high."""
    if low == high:
        return [low]
    ticks = MaxNLocator(5, integer=integer).tick_values(low, high)
    return [float(tick) for tick in ticks if low <= tick <= high]

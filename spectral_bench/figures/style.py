"""How measurements are drawn in every picture: lines, their seeds, and the limits of an axis."""

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.samples import THIN_LINES
from spectral_bench.figures.series import Array, Series

#: Markers on a line of many points, and their size in points (of 1/72 inch).
_MARKED, _MARKER = 4, 4.0

#: Two measurements further apart than this factor are not joined: nobody knows what was between them.
_UNJOINED = 10.0

#: For lines that are not measurements: the bounds of a radius, a baseline.
LIMIT: Any = {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1.5}

#: Decades that a logarithmic axis shows at most, below its top: smaller values move no weight.
DECADES = 12

#: At the ends of a logarithmic axis this factor is kept free, or this share of its decades: markers have room.
_ROOM, _SHARE = 1.5, 0.04

#: A level further from the curves than this many times their height is named instead of drawn: it would flatten them.
FAR = 2.0

BELOW_THE_AXIS = "Where a line leaves below, it is (nearly) zero."


def _marked(points: int, place: int) -> tuple[int, int]:
    """The first marked point and the distance to the next: lines that lie on each other are marked in turn.

    Multiples of the golden ratio spread any number of lines over the distance.
    """
    distance = -(-points // _MARKED)
    return int(distance * (0.618 * place % 1)), distance


def draw_series(axes: Axes, curves: Iterable[Series], *, over_training: bool = False) -> None:
    """Lines with their seeds.

    Args:
        axes: where.
        curves: what.
        over_training: x are the few steps at which something was measured: points are not joined over orders of
            magnitude on a logarithmic axis, and each is marked where they are not.
    """
    apart = over_training and axes.get_yscale() == "log"
    for series in curves:
        look = series.look
        x, mean = _unjoined(series.x, series.mean) if apart else (series.x, series.mean)
        marked: Any = _marked(len(x), look.place) if len(x) == len(series.x) else 1
        axes.plot(
            x, mean, linestyle=look.dashes, markevery=marked, label=series.label, **look.marked(_MARKER),
            zorder=3 if look.dashes == "-" else 3.1,  # a line below a dashed one shows through the gaps
        )  # fmt: skip
        if series.runs > THIN_LINES:
            axes.fill_between(series.x, series.low, series.high, color=look.colour, alpha=0.2, linewidth=0, zorder=2)
        elif series.runs > 1:
            for places, values in series.each:
                x, seed = _unjoined(places, values) if apart else (places, values)
                dots = "." if len(x) > len(places) else ""
                axes.plot(x, seed, color=look.colour, linewidth=0.5, markersize=2, alpha=0.6, zorder=2, marker=dots)
    axes.locator_params(axis="x", integer=True)


def _unjoined(x: Array, values: Array) -> tuple[Array, Array]:
    """A line with a gap wherever it would join points of different magnitude."""
    with np.errstate(divide="ignore", invalid="ignore"):
        jumps = np.flatnonzero(np.abs(np.diff(np.log(values))) > np.log(_UNJOINED)) + 1
    return np.insert(x, jumps, np.nan), np.insert(values, jumps, np.nan)


def say_the_only_point(axes: Axes, curves: Sequence[Series], x_name: str = "step") -> bool:
    """Write down the values of curves that all have one and the same x, instead of drawing dots on an axis of nothing.

    Returns:
        Whether they are so.
    """
    if not measured_once(curves):
        return False
    places = np.concatenate([series.x for series in curves])
    axes.set_axis_off()
    lines = [(f"measured once, at {x_name} {places[0]:,.0f}", mpl.rcParams["text.color"])]
    for series in [series for series in curves if len(series.x)]:
        axes.plot([], [], linestyle="", label=series.label, **series.look.marked(_MARKER))
        lines.append((f"{as_drawn(series.label)}: {series.mean[0]:.4g}", series.look.colour))
    for place, (text, colour) in enumerate(lines):
        axes.annotate(
            text, (0.0, 1.0), (0.0, -12.0 * place), xycoords="axes fraction", textcoords="offset points", va="top",
            color=colour,
        )  # fmt: skip
    return True


def measured_once(curves: Sequence[Series]) -> bool:
    """Whether curves all have one and the same x."""
    return len({float(x) for series in curves for x in series.x}) == 1


def plain_decades(axes: Axes) -> None:
    """Label a logarithmic y axis of few decades with plain numbers, between the powers of ten, too."""
    low, high = axes.get_ylim()
    if high < low * 10**2:
        between = (1.0, 3.0) if high > low * 10 else (1.0, 2.0, 5.0)
        axes.yaxis.set_major_locator(LogLocator(subs=between) if high > low * 3 else MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def leaves_at_the_bottom(curves: Sequence[Series]) -> bool:
    """Whether a curve lies below its axis somewhere."""
    top = max((float(series.high.max()) for series in curves if len(series.x)), default=0.0)
    return any(bool((series.mean < top * 10.0**-DECADES).any()) for series in curves)


def within_decades(values: Array, most: int = DECADES) -> tuple[float, float] | None:
    """What a logarithmic axis needs to show: from the smallest value to the largest, but no more than so many decades.

    Zeros lie below every axis and do not stretch it. None where there is nothing else.
    """
    values = values[values > FLOOR]
    if not len(values):
        return None
    top = float(values.max())
    return max(float(values.min()), top * 10.0**-most), top


def decades(axes: Axes, curves: Iterable[Series], most: int = DECADES) -> None:
    """Limit a logarithmic y axis to what the curves need, and to so many decades below the top."""
    limits = within_decades(edges(curves), most)
    if limits:
        room = max(_ROOM, (limits[1] / limits[0]) ** _SHARE)
        axes.set_ylim(limits[0] / room, limits[1] * room)


def edges(curves: Iterable[Series]) -> Array:
    """Every smallest and largest value of the seeds."""
    return np.concatenate([np.empty(0), *(edge for series in curves for edge in (series.low, series.high))])

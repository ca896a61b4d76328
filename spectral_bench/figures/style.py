"""How measurements are drawn in every picture: lines, their bands, and the limits of an axis."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.series import Array, Series

#: Okabe and Ito (2008): distinct for every kind of colour vision; without their yellow, which is too pale on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

#: Without colour, markers distinguish the lines, and dashes do where lines coincide.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = ("-", (0, (7, 2)), (0, (3, 1.2)), (0, (8, 1.5, 1.5, 1.5)))

#: Markers on a line of many points.
_MARKED = 4

#: For lines that are not measurements: the bounds of a radius, a baseline.
LIMIT: Any = {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "zorder": 1.5}

#: For captions.
OF_SEEDS = "Lines: geometric means over seeds; bands: from the smallest to the largest."

#: Decades that a logarithmic axis shows at most, below its top: smaller values move no weight.
DECADES = 12

#: A level further from the curves than this many times their height is named instead of drawn: it would flatten them.
FAR = 2.0

BELOW_THE_AXIS = "Where a line leaves below, it is (nearly) zero."


def colour(style: int) -> str:
    """The colour of the group in this position."""
    return COLOURS[style % len(COLOURS)]


def _marked(points: int, style: int) -> tuple[int, int]:
    """The first marked point and the distance to the next: lines that lie on each other are marked in turn.

    Multiples of the golden ratio spread any number of styles over the distance.
    """
    distance = -(-points // _MARKED)
    return int(distance * (0.618 * style % 1)), distance


def draw_series(axes: Axes, curves: Iterable[Series]) -> None:
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
            zorder=3 if dashes == "-" else 3.1,  # a line below a dashed one shows through the gaps
        )
        if series.runs > 1:
            axes.fill_between(
                series.x, series.low, series.high, color=colour(series.style), alpha=0.2, linewidth=0, zorder=2
            )


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
    values = np.concatenate([np.empty(0), *(edge for series in curves for edge in (series.low, series.high))])
    limits = within_decades(values, most)
    if limits:
        axes.set_ylim(limits[0] / 1.5, limits[1] * 1.5)

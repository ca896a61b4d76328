"""The interval of a mean, as every figure draws it: where it leaves the axis it ends in an arrow."""

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes

from spectral_bench.compare.statistics import Estimate

#: The sentence of a caption where an interval does.
GOES_ON = "Hollow arrow: the interval goes on beyond the axis."

#: Markers at the lower and the upper end of an axis.
_UPRIGHT, _LYING = ("v", "^"), ("<", ">")

_THIN = 1.0


def draw_interval(axes: Axes, place: float, mean: Estimate, colour: str, *, lying: bool = False) -> None:
    """Draw the interval of a mean as far as the axis goes, whose limits are final; nothing where there is none.

    Args:
        axes: where.
        place: on the other axis.
        mean: with its interval.
        colour: of the line.
        lying: the interval is on the x axis.
    """
    if mean.interval is None:
        return
    limits = axes.get_xlim() if lying else axes.get_ylim()
    ends = max(mean.interval[0], limits[0]), min(mean.interval[1], limits[1])
    line: Any = {"color": colour, "linewidth": _THIN, "solid_capstyle": "butt", "zorder": 1.9}
    axes.plot(*_turned(ends, (place, place), lying=lying), **line)
    for end, whole, marker in zip(ends, mean.interval, _LYING if lying else _UPRIGHT, strict=True):
        if end != whole:
            axes.plot(
                *_turned((end,), (place,), lying=lying), marker=marker, markersize=4, markeredgecolor=colour,
                markeredgewidth=0.8, markerfacecolor=mpl.rcParams["axes.facecolor"], clip_on=False, zorder=3,
            )  # fmt: skip
    (axes.set_xlim if lying else axes.set_ylim)(limits)


def _turned(
    along: tuple[float, ...], across: tuple[float, ...], *, lying: bool
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coordinates in the order x, y."""
    return (along, across) if lying else (across, along)

"""Where an axis of means begins and ends: it follows what was measured, not the intervals.

The 95 % interval of two or three seeds is several times as wide as they are apart. An axis with room for all of it
would squeeze the measurements together, or reach to where no value can be.
"""

import math
from collections.abc import Sequence

import numpy as np

from spectral_bench.compare.statistics import Estimate
from spectral_bench.figures.series import Array

#: Where an axis begins and ends.
Limits = tuple[float, float]

#: The smallest and the largest value there can be; None where that is not known.
Range = tuple[float | None, float | None]

#: Intervals are shown as far beyond the measurements as this share of what these span: half of the axis is theirs.
_REACH = 0.5

#: Share of the axis that is kept free at its ends, for markers.
_ROOM = 0.05

#: What an axis of equal measurements spans: a share of them, or (on a logarithmic axis) of a decade.
_SPAN = 0.1


def limits_of(
    points: Array, means: Sequence[Estimate], *, logarithmic: bool = False, possible: Range = (None, None)
) -> Limits:
    """Where an axis begins and ends.

    Args:
        points: every measurement, and what else has to be seen, shape (N,).
        means: those drawn, with their intervals.
        logarithmic: the axis; what is not positive lies below it.
        possible: no interval is shown beyond.
    """
    values = _places([*points, *(mean.mean for mean in means)], logarithmic=logarithmic)
    if not len(values):
        return (0.1, 1.0) if logarithmic else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = (_SPAN if logarithmic else _SPAN * abs(high) or 1.0) / 2
        first, last = low - half, high + half
    else:
        ends = _places([end for mean in means for end in mean.interval or ()], logarithmic=logarithmic)
        reach = _REACH * (high - low)
        first = max(float(ends.min(initial=low)), low - reach)
        last = min(float(ends.max(initial=high)), high + reach)
    lowest, highest = (_places([edge], logarithmic=logarithmic) for edge in possible)
    first = min(low, float(lowest.max(initial=first)))
    last = max(high, float(highest.min(initial=last)))
    room = _ROOM * (last - first)
    return _values((first - room, last + room), logarithmic=logarithmic)


def lengthened(limits: Limits, below: float, above: float, *, logarithmic: bool = False) -> Limits:
    """Limits that leave these shares of their height free at the ends."""
    low, high = _places(limits, logarithmic=logarithmic)
    height = float(high - low)
    return _values((float(low) - below * height, float(high) + above * height), logarithmic=logarithmic)


def leaves(mean: Estimate, limits: Limits) -> bool:
    """Whether the interval of a mean goes on beyond an axis."""
    return mean.interval is not None and (mean.interval[0] < limits[0] or mean.interval[1] > limits[1])


def _places(values: Sequence[float | None], *, logarithmic: bool) -> Array:
    """Where values lie along the axis; without those that lie nowhere."""
    found = np.array([value for value in values if value is not None and math.isfinite(value)], dtype=np.float64)
    return np.log10(found[found > 0]) if logarithmic else found


def _values(places: Limits, *, logarithmic: bool) -> Limits:
    return (10.0 ** places[0], 10.0 ** places[1]) if logarithmic else places

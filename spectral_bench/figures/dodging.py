"""Points at one place of the x axis that would hide one another, set beside each other."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from spectral_bench.figures.sweeps import SweepLine, SweepPoint

#: Two points closer than this share of the height of what is drawn hide one another.
_CLOSE = 0.02


def sidesteps(lines: Sequence[SweepLine], *, logarithmic: bool) -> list[list[float]]:
    """How many places each point of each line stands aside, the points of a place in the order of their lines.

    All stand where they belong unless some two points, with their seeds and intervals, lie on each other.

    Args:
        lines: of a panel.
        logarithmic: the y axis.
    """
    aside = [[0.0] * len(line.points) for line in lines]
    by_place: dict[float, list[tuple[int, int]]] = {}
    extents = {}
    for at, line in enumerate(lines):
        for number, point in enumerate(line.points):
            if point.mean is not None:
                by_place.setdefault(point.place, []).append((at, number))
                extents[at, number] = _extent(point, logarithmic=logarithmic)
    if not extents:
        return aside
    close = _CLOSE * (max(high for _, high in extents.values()) - min(low for low, _ in extents.values()))
    pairs = (pair for members in by_place.values() for pair in combinations(members, 2))
    if not any(_overlap(extents[one], extents[other], close) for one, other in pairs):
        return aside
    for members in by_place.values():
        for rank, (at, number) in enumerate(members):
            aside[at][number] = rank - (len(members) - 1) / 2
    return aside


def _extent(point: SweepPoint, *, logarithmic: bool) -> tuple[float, float]:
    """The lowest and the highest that is drawn of a point; where its interval leaves the axis, of the rest."""
    mean = point.mean
    ends = [] if mean is None else [one for one in (mean.mean, mean.low, mean.high) if one is not None]
    heights = np.array([*ends, *point.values])
    heights = np.log10(heights[heights > 0]) if logarithmic else heights
    return float(heights.min(initial=np.inf)), float(heights.max(initial=-np.inf))


def _overlap(one: tuple[float, float], other: tuple[float, float], close: float) -> bool:
    return one[0] <= other[1] + close and other[0] <= one[1] + close

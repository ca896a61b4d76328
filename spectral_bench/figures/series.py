"""Curves over seeds: what a picture draws and what ``--data`` writes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.looks import Look

Array = NDArray[np.float64]


def geometric_mean(values: Array) -> Array:
    """Geometric means over the first axis, of the values that are finite; NaN where none is.

    What has underflowed counts as ``FLOOR``. Were it left out, a group of which most seeds vanish would have the mean
    of those that do not.
    """
    finite = np.isfinite(values)
    logs = np.log(np.maximum(np.where(finite, values, 1.0), FLOOR)).sum(axis=0)
    mean = np.exp(logs / np.maximum(finite.sum(axis=0), 1))
    mean = np.where(np.isclose(mean, FLOOR, rtol=1e-6, atol=0.0), FLOOR, mean)  # exp and log round
    return np.where(finite.any(axis=0), mean, np.nan)


def geometric_mean_of_positive(values: Array) -> Array:
    """Geometric means over the first axis, of the values that are finite and not zero; ``FLOOR`` where all are zero."""
    positive = np.where(values > FLOOR, values, np.nan)
    return np.where((~np.isnan(positive)).any(axis=0), geometric_mean(positive), geometric_mean(values))


def arithmetic_mean(values: Array) -> Array:
    """Means over the first axis, of the values that are not NaN."""
    return np.asarray(np.nanmean(values, axis=0))


def unfloored(value: float) -> float:
    """Zero for the value that represents zero on a logarithmic axis."""
    return 0.0 if math.isclose(value, FLOOR, rel_tol=1e-6) else float(value)


def between_neighbours(x: NDArray[Any], steps: NDArray[Any], values: NDArray[Any], *, logarithmic: bool) -> Array:
    """A curve at other places: what a line from point to point has there; NaN beyond its ends.

    Args:
        x: the places, shape (P,), ascending; those where it was measured are among them.
        steps: where it was measured, shape (M,), each place once.
        values: what it has there, shape (M,); one that is not finite leaves a gap to its neighbours.
        logarithmic: the axis on which the lines are straight; zeros become the smallest number of single precision.
    """
    order = np.argsort(steps)
    places, y = steps[order], np.where(np.isfinite(values), values, np.nan)[order]
    if logarithmic:
        y = np.maximum(y, FLOOR)
        found = np.exp(np.interp(x, places, np.log(y), left=np.nan, right=np.nan))
        found[np.searchsorted(x, places)] = y  # to the last bit
    else:
        found = np.interp(x, places, y, left=np.nan, right=np.nan)
    return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True)
class Series:
    """A curve: the mean over runs, and how far they spread.

    Attributes:
        label: of the group.
        look: of the group.
        x, mean, low, high: shape (P,); from the smallest to the largest of the runs.
        each: x and y of the runs themselves, where they were measured; NaN where a value is not finite.
        counts: how many of them have a finite value, or lie between two, shape (P,).
    """

    label: str
    look: Look
    x: Array
    mean: Array
    low: Array
    high: Array
    each: Sequence[tuple[Array, Array]]
    counts: NDArray[np.int64]

    @property
    def runs(self) -> int:
        """How many."""
        return len(self.each)

    def rows(self, picture: str, x_name: str) -> Iterator[dict[str, Any]]:
        """The numbers, for ``--data``."""
        points = zip(self.x, self.mean, self.low, self.high, self.counts, strict=True)
        for x, mean, low, high, count in points:
            yield {
                "picture": picture,
                "group": self.label,
                x_name: float(x) if x % 1 else int(x),
                "mean": unfloored(mean),
                "low": unfloored(low),
                "high": unfloored(high),
                "runs": int(count),
            }


def over_runs(
    label: str,
    look: Look,
    curves: Sequence[tuple[NDArray[Any], NDArray[Any]]],
    *,
    logarithmic: bool,
    mean_of: Callable[[Array], Array] | None = None,
) -> Series:
    """One curve from those of several runs, at every x any of them has a finite value for.

    Runs need not have been measured at the same x: else the mean would jump with who was.

    Args:
        label: of the group.
        look: of the group.
        curves: x and y of every run.
        logarithmic: the axis; zeros become the smallest number of single precision.
        mean_of: over the first axis; None: the geometric mean where the axis is logarithmic, else the arithmetic one.
    """
    if not curves:
        nothing = np.empty(0)
        return Series(label, look, nothing, nothing, nothing, nothing, [], np.empty(0, dtype=np.int64))
    x = np.unique(np.concatenate([np.asarray(steps, dtype=np.float64) for steps, _ in curves]))
    y = np.stack([between_neighbours(x, steps, values, logarithmic=logarithmic) for steps, values in curves])
    each = [(x[own], one[own]) for one, own in zip(y, (np.isin(x, steps) for steps, _ in curves), strict=True)]
    counts = np.isfinite(y).sum(axis=0)
    known = counts > 0
    x, y, counts = x[known], y[:, known], counts[known]
    mean_of = mean_of or (geometric_mean if logarithmic else arithmetic_mean)
    return Series(label, look, x, mean_of(y), np.nanmin(y, axis=0), np.nanmax(y, axis=0), each, counts)

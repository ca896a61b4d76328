"""What a handful of seeds can show: means with intervals, differences, and whether they may be luck."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float] | NDArray[np.floating]

#: Of the intervals.
CONFIDENCE = 0.95

#: With fewer seeds a bootstrap interval covers clearly less than its nominal level: resampling gives no value beyond
#: those seen, and all of n seeds lie on one side of the median with probability 2^(1-n), 25 % for three.
ENOUGH_SEEDS = 5

#: Up to this many seeds, all n^n resamples are taken instead of random ones.
_EXACT = 5

_RESAMPLES = 4000

#: Sign flips are enumerated up to this many pairs, and drawn beyond.
_EXACT_PAIRS = 14

_FLIPS = 20_000


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        mean: of the values.
        low, high: ends of the 95 % percentile bootstrap interval of the mean; None for a single value.
        n: how many values.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def estimates(samples: Sequence[Values]) -> list[Estimate | None]:
    """The mean of every sample with its interval; None for an empty one, and no interval where a value is not finite.

    Samples of one size are resampled together, so that hundreds of groups take no longer than a few.
    """
    found: list[Estimate | None] = [None] * len(samples)
    by_size: dict[int, list[int]] = {}
    for position, sample in enumerate(samples):
        by_size.setdefault(len(sample), []).append(position)
    for size, positions in by_size.items():
        if size == 0:
            continue
        values = np.array([samples[position] for position in positions], dtype=np.float64)
        ends = np.full((2, len(values)), np.nan)
        known: NDArray[np.bool_] = np.isfinite(values).all(axis=1) & np.full(len(values), size > 1)
        kept = values[known]
        # Rounding may not take a mean of the values out of their range: seeds that agree have an interval of zero.
        ends[:, known] = np.clip(_interval(kept @ _resampling(size).T), kept.min(axis=1), kept.max(axis=1))
        for row, position in enumerate(positions):
            low, high = (float(ends[0, row]), float(ends[1, row])) if known[row] else (None, None)
            found[position] = Estimate(float(values[row].mean()), low, high, size)
    return found


def estimate(sample: Values) -> Estimate | None:
    """The mean of one sample with its interval."""
    return estimates([sample])[0]


def difference(first: Values, second: Values) -> Estimate | None:
    """The difference of two independent means, first minus second; None when a sample is empty.

    Its interval resamples both; ``n`` is the smaller size.
    """
    if not len(first) or not len(second):
        return None
    a, b = (np.asarray(sample, dtype=np.float64) for sample in (first, second))
    mean, n = float(a.mean() - b.mean()), min(len(a), len(b))
    if n == 1:
        return Estimate(mean, None, None, n)
    rng = np.random.default_rng(0)
    resampled = [rng.choice(sample, (_RESAMPLES, len(sample))).mean(axis=1) for sample in (a, b)]
    low, high = _interval(resampled[0] - resampled[1])
    return Estimate(mean, float(low), float(high), n)


def probability_of_improvement(first: Values, second: Values, *, higher_is_better: bool) -> float:
    """How often a value of ``first`` is better than one of ``second``, over all pairs; equal ones count half."""
    gaps = np.subtract.outer(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    wins = gaps > 0 if higher_is_better else gaps < 0
    return float(wins.mean() + 0.5 * (gaps == 0).mean())


def sign_flip_p(differences: Values) -> float:
    """Two-sided p of paired differences under random signs: how often chance gives a mean as far from zero.

    Exact up to 14 pairs. With n pairs it cannot be below 2^(1-n): three seeds prove nothing.
    """
    gaps = np.asarray(differences, dtype=np.float64)
    n = len(gaps)
    if n <= _EXACT_PAIRS:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        signs = np.random.default_rng(0).choice([1.0, -1.0], (_FLIPS, n))
        signs[0] = 1.0  # what was observed is one of the possibilities, so p is never zero
    sums = np.abs(signs @ gaps)
    observed = abs(gaps.sum())
    return float(np.mean(sums >= observed * (1 - 1e-9)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for multiple tests (Holm, 1979)."""
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    running = 0.0
    for rank, position in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = running
    return [float(p) for p in corrected]


@cache
def _resampling(size: int) -> NDArray[np.float64]:
    """Weights of the values in every resample, (resamples, size): all of them, or random ones with a fixed seed."""
    if size <= _EXACT:
        indices = np.array(list(product(range(size), repeat=size)))
        return np.stack([(indices == value).mean(axis=1) for value in range(size)], axis=1)
    return np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), _RESAMPLES) / size


def _interval(resampled: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=-1)
    return low, high

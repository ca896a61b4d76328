"""What a handful of seeds can show: means with intervals, differences, and whether they may be luck.

The intervals are Student's t. Of 3, 5 and 10 values from a normal distribution they cover the mean in 95 % of cases,
where a percentile bootstrap covers it in 75, 84 and 91 %; of skewed values they cover it less often (docs/analysis.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float] | NDArray[np.floating]

#: Of the intervals.
CONFIDENCE = 0.95

#: Sign flips are enumerated up to this many pairs, and drawn beyond.
_EXACT_PAIRS = 14

_FLIPS = 20_000

#: What runs measure are sums in single precision, which differ by rounding where they were added in another order:
#: numbers are equal if they differ by less than this share of themselves.
_ROUNDING = 2e-7


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        mean: of the values.
        low, high: ends of the 95 % interval of the mean (Student's t); None for a single value.
        n: how many values.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends of it; None for a single value."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def average(values: Values) -> float:
    """The mean, of at least one value: whatever their order the same, and never outside their range by rounding."""
    numbers = [float(value) for value in values]
    if not all(map(math.isfinite, numbers)):
        with np.errstate(invalid="ignore"):  # infinities of both signs have none
            return float(np.mean(numbers))
    try:
        mean = math.fsum(numbers) / len(numbers)
    except OverflowError:
        mean = math.fsum(number / len(numbers) for number in numbers)
    return min(max(mean, min(numbers)), max(numbers))


def nearly_equal(first: float, second: float) -> bool:
    """Whether two measured numbers, or means of them, differ by no more than rounding."""
    return math.isclose(first, second, rel_tol=_ROUNDING)


def estimate(sample: Values) -> Estimate | None:
    """The mean of a sample with its interval; None for an empty one, and no interval where a value is not finite."""
    n = len(sample)
    if not n:
        return None
    mean = average(sample)
    if n == 1 or not np.isfinite(sample).all():
        return Estimate(mean, None, None, n)
    return _with_t(mean, _variance_of_mean(sample), n - 1, n)


def geometric_estimate(sample: Values) -> Estimate | None:
    """The geometric mean of positive numbers with the interval of their logarithms; None for an empty sample."""
    found = estimate(np.log(np.asarray(sample, dtype=np.float64)))
    if found is None:
        return None
    low, high = (None if end is None else float(np.exp(end)) for end in (found.low, found.high))
    return Estimate(float(np.exp(found.mean)), low, high, found.n)


def difference(first: Values, second: Values) -> Estimate | None:
    """The difference of two independent means, first minus second; None when a sample is empty.

    Its interval is Welch's, for the two may spread differently; ``n`` is the smaller size.
    """
    if not len(first) or not len(second):
        return None
    mean, n = average(first) - average(second), min(len(first), len(second))
    if n == 1 or not math.isfinite(mean):
        return Estimate(mean, None, None, n)
    variances = [_variance_of_mean(sample) for sample in (first, second)]
    total = sum(variances)
    if total == 0.0:
        return Estimate(mean, mean, mean, n)
    shares = [variance / total for variance in variances]
    freedom = 1 / sum(share**2 / (len(sample) - 1) for share, sample in zip(shares, (first, second), strict=True))
    return _with_t(mean, total, freedom, n)


def _variance_of_mean(sample: Values) -> float:
    """The estimated variance of the mean of at least two values."""
    values = np.asarray(sample, dtype=np.float64)
    with np.errstate(over="ignore"):
        return float(np.square(values - average(sample)).sum()) / (len(values) - 1) / len(values)


def _with_t(mean: float, variance: float, freedom: float, n: int) -> Estimate:
    """A mean with the interval of Student's t, from its variance and the degrees of freedom of that."""
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    return Estimate(mean, mean - half, mean + half, n)


def probability_of_improvement(first: Values, second: Values, *, higher_is_better: bool) -> float:
    """How often a value of ``first`` is better than one of ``second``, over all pairs; equal ones count half."""
    a, b = np.asarray(first, dtype=np.float64)[:, None], np.asarray(second, dtype=np.float64)[None, :]
    wins = a > b if higher_is_better else a < b
    return float(wins.mean() + 0.5 * (a == b).mean())


def sign_flip_p(differences: Values) -> float:
    """Two-sided p of paired differences under random signs: how often chance gives a mean as far from zero.

    Exact up to 14 pairs. With n pairs it cannot be below 2^(1-n): three seeds prove nothing. A difference may be
    infinite: it counts for more than all finite ones together.
    """
    gaps = finite_stand_ins(differences)
    n = len(gaps)
    if n <= _EXACT_PAIRS:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        signs = np.random.default_rng(0).choice([1.0, -1.0], (_FLIPS, n))
        signs[0] = 1.0  # what was observed is one of the possibilities, so p is never zero
    sums = np.abs(signs @ gaps)
    rounding = 1e-9 * np.abs(gaps).sum()
    return float(np.mean(sums >= abs(gaps.sum()) - rounding))


def finite_stand_ins(differences: Values) -> NDArray[np.float64]:
    """Infinite differences replaced by numbers that no sum of the finite ones outweighs."""
    gaps = np.asarray(differences, dtype=np.float64)
    finite = np.isfinite(gaps)
    return np.where(finite, gaps, np.sign(gaps) * (4.0 * np.abs(gaps[finite]).sum() or 1.0))


def smallest_p(tests: int, differences: int) -> float:
    """The smallest p of a sign-flip test of so many differences, one of several tests corrected by Holm's method."""
    return min(1.0, tests * 2.0 ** (1 - differences))


def differences_needed(tests: int) -> int:
    """The fewest differences with which so many sign-flip tests, corrected by Holm's method, can all reach 5 %."""
    return 1 + math.ceil(math.log2(tests / (1 - CONFIDENCE)) - 1e-9)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for multiple tests (Holm, 1979)."""
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    running = 0.0
    for rank, position in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = running
    return [float(p) for p in corrected]

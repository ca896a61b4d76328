"""Intervals and tests, held to values known otherwise."""

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from spectral_bench.compare.statistics import (
    Estimate,
    average,
    difference,
    differences_needed,
    estimate,
    holm,
    probability_of_improvement,
    sign_flip_p,
    smallest_p,
)

ANALYSIS = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")

DRAWS = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "uniform": (lambda rng, size: rng.uniform(size=size), 0.5),
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
    "log-normal": (lambda rng, size: rng.lognormal(size=size), math.exp(0.5)),
}


def covers(found: Estimate | None, truth: float) -> bool:
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


@pytest.mark.parametrize("distribution", DRAWS)
def test_an_interval_covers_the_mean_as_often_as_the_documentation_says(distribution: str) -> None:
    draw, truth = DRAWS[distribution]
    rng = np.random.default_rng(0)
    measured = [np.mean([covers(estimate(one), truth) for one in draw(rng, (3000, n))]) for n in (3, 5, 10)]
    row = next(line for line in ANALYSIS.splitlines() if line.startswith(f"| {distribution}, Student"))
    said = [float(cell) for cell in row.split("|")[2:5]]
    assert measured == pytest.approx(said, abs=0.02)  # 3,000 draws: a standard error of 0.004 to 0.007
    if distribution == "normal":
        assert measured == pytest.approx([0.95] * 3, abs=0.01)


def test_the_interval_is_that_of_scipys_t_test() -> None:
    values = np.random.default_rng(3).normal(2.0, 0.5, 12)
    ours = estimate(values)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.mean == pytest.approx(values.mean())


def test_the_interval_of_a_difference_is_that_of_welchs_test() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.normal(1.0, 1.0, 3), rng.normal(0.0, 4.0, 7)
    ours = difference(first, second)
    theirs = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_a_difference_of_seeds_that_agree_leaves_no_doubt_and_one_value_has_no_interval() -> None:
    assert difference([0.5, 0.5], [0.25, 0.25]) == Estimate(0.25, 0.25, 0.25, 2)
    assert difference([0.5], [0.25, 0.5]) == Estimate(0.125, None, None, 1)
    assert difference([], [1.0]) is None


def test_one_value_has_no_interval_and_none_no_estimate() -> None:
    one, none, two = (estimate(sample) for sample in ([3.0], [], [1.0, 2.0]))
    assert one is not None
    assert (one.mean, one.low, one.half_width, one.n) == (3.0, None, None, 1)
    assert none is None
    assert two is not None
    assert two.n == 2


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_interval_of_a_difference_covers_the_true_one_about_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(1)
    covered = [covers(difference(rng.normal(1.0, 1.0, n), rng.normal(0.0, 2.0, n)), 1.0) for _ in range(3000)]
    assert 0.94 <= np.mean(covered) <= 0.975


@pytest.mark.parametrize("n", [3, 8, 20])
def test_the_sign_flip_test_is_scipys_paired_permutation_test(n: int) -> None:
    gaps = np.random.default_rng(n).normal(0.4, 1.0, n)
    theirs = stats.permutation_test(
        (gaps, np.zeros(n)),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        vectorized=False,
        n_resamples=5000,
    )
    assert sign_flip_p(gaps) == pytest.approx(theirs.pvalue, abs=1e-12 if n <= 8 else 0.03)


def test_three_equal_signs_are_no_proof() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3]) == 0.25


@pytest.mark.parametrize("gaps", set(permutations([0.1, 0.1, 0.1, -0.3])))
def test_the_sign_flip_test_does_not_depend_on_the_order_of_the_differences(gaps: tuple[float, ...]) -> None:
    assert sign_flip_p(gaps) == 1.0  # their sum is zero but for rounding


def test_holm_corrects_step_by_step_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_probability_of_improvement_knows_the_sense_of_the_metric_and_halves_ties() -> None:
    assert probability_of_improvement([1, 2], [1, 0], higher_is_better=True) == pytest.approx(3.5 / 4)
    assert probability_of_improvement([1, 2], [1, 0], higher_is_better=False) == pytest.approx(0.5 / 4)


@pytest.mark.parametrize("value", [0.1, 50.0, 1 / 3])
def test_seeds_that_agree_leave_no_doubt(value: float) -> None:
    found = estimate([value] * 3)
    assert found is not None
    assert (found.low, found.high) == (value, value)


def test_infinite_values_have_a_mean_and_no_interval() -> None:
    assert estimate([np.inf, 1.0]) == Estimate(np.inf, None, None, 2)
    assert difference([np.inf, 1.0], [1.0, 2.0]) == Estimate(np.inf, None, None, 2)


def test_a_mean_does_not_depend_on_the_order_of_the_values() -> None:
    values = [0.1, 0.7, 0.3, 1e-3, 0.9]
    assert len({average(order) for order in permutations(values)}) == 1
    assert average([1e308, 1e308]) == 1e308


def test_a_difference_that_is_infinite_outweighs_all_others_in_the_sign_flip_test() -> None:
    assert sign_flip_p([np.inf] * 5) == 2 / 2**5
    assert sign_flip_p([np.inf, -np.inf]) == 1.0
    # Of three signs, that of the infinite difference decides which sum is the larger, the others which of two.
    assert sign_flip_p([np.inf, 1e-6, 2e-6]) == sign_flip_p([1e-3, 1e-6, 2e-6]) == 0.25
    assert sign_flip_p([-np.inf, 1.0, 2.0]) == 1.0


@pytest.mark.parametrize(("groups", "seeds"), [(2, 6), (3, 7), (5, 9), (10, 11)])
def test_the_seeds_that_are_needed_are_the_fewest_that_holm_lets_reach_5_percent(groups: int, seeds: int) -> None:
    pairs = math.comb(groups, 2)
    assert differences_needed(pairs) == seeds
    assert smallest_p(pairs, seeds) <= 0.05 < smallest_p(pairs, seeds - 1)
    best = sign_flip_p(np.arange(1.0, seeds + 1))
    assert min(holm([best] * pairs)) == pytest.approx(smallest_p(pairs, seeds))

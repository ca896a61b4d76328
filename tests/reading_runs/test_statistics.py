"""Intervals and tests, held to values known otherwise."""

import numpy as np
import pytest
from scipy import stats

from spectral_bench.compare.statistics import (
    difference,
    estimate,
    estimates,
    holm,
    probability_of_improvement,
    sign_flip_p,
)


def test_the_interval_is_the_percentile_bootstrap_of_scipy() -> None:
    values = np.random.default_rng(3).normal(2.0, 0.5, 12)
    ours = estimate(values)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert ours.mean == pytest.approx(values.mean())


def test_few_seeds_are_resampled_in_every_way_there_is() -> None:
    result = estimate([1.0, 2.0, 6.0])
    every = [np.mean([a, b, c]) for a in (1, 2, 6) for b in (1, 2, 6) for c in (1, 2, 6)]
    assert result is not None
    assert (result.low, result.high) == pytest.approx(np.quantile(every, [0.025, 0.975]))


def test_one_value_has_no_interval_and_none_no_estimate() -> None:
    one, none, two = estimates([[3.0], [], [1.0, 2.0]])
    assert one is not None
    assert (one.mean, one.low, one.half_width, one.n) == (3.0, None, None, 1)
    assert none is None
    assert two is not None
    assert two.n == 2


def test_the_interval_of_a_difference_covers_the_true_one_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        result = difference(rng.normal(1.0, 1.0, 15), rng.normal(0.0, 2.0, 15))
        assert result is not None
        assert result.low is not None
        assert result.high is not None
        covered += result.low <= 1.0 <= result.high
    assert 0.88 <= covered / 200 <= 0.98


@pytest.mark.parametrize("n", [3, 8, 20])
def test_the_sign_flip_test_is_scipys_paired_permutation_test(n: int) -> None:
    gaps = np.random.default_rng(n).normal(0.4, 1.0, n)
    theirs = stats.permutation_test(
        (gaps, np.zeros(n)),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        vectorized=False,
        n_resamples=5000,
        rng=np.random.default_rng(0),
    )
    assert sign_flip_p(gaps) == pytest.approx(theirs.pvalue, abs=1e-12 if n <= 8 else 0.03)


def test_three_equal_signs_are_no_proof() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3]) == 0.25


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
    infinite, finite = estimates([[np.inf, 1.0], [1.0, 3.0]])
    assert infinite is not None
    assert (infinite.mean, infinite.low, infinite.high) == (np.inf, None, None)
    assert finite is not None
    assert finite == estimate([1.0, 3.0])

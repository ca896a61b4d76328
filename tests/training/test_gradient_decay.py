import math

import numpy as np
import pytest

from spectral_bench.training.gradient_decay import STABLE_FACTOR, gradient_decay, steepest_decay


def exponential(rate: float, length: int) -> np.ndarray:
    return np.exp(rate * np.arange(length + 1))


@pytest.mark.parametrize("rate", [-0.3, -0.01, 0.0, 0.02, 0.5])
def test_the_rate_of_an_exponential_is_found(rate: float) -> None:
    decay = gradient_decay(exponential(rate, 100))
    assert decay is not None
    assert decay.rate == pytest.approx(rate, abs=1e-9)


@pytest.mark.parametrize(
    ("total_change", "verdict"),
    [(1.1, "vanishing"), (0.9, "stable"), (0.0, "stable"), (-0.9, "stable"), (-1.1, "exploding")],
)
def test_the_verdict_depends_on_the_change_over_the_whole_sequence(total_change: float, verdict: str) -> None:
    length = 400
    decay = gradient_decay(exponential(total_change * math.log(STABLE_FACTOR) / length, length))
    assert decay is not None
    assert decay.verdict == verdict


def test_norms_that_underflowed_to_zero_count_as_vanished() -> None:
    norms = np.concatenate([np.zeros(50), exponential(1.0, 49)])
    decay = gradient_decay(norms)
    assert decay is not None
    assert decay.verdict == "vanishing"


@pytest.mark.parametrize("norms", [np.zeros(10), np.full(10, np.nan), np.array([1.0])])
def test_without_a_gradient_there_is_no_rate(norms: np.ndarray) -> None:
    assert gradient_decay(norms) is None


def test_a_stack_is_judged_by_its_steepest_layer() -> None:
    decay = steepest_decay({0: exponential(0.01, 100), 1: exponential(-0.2, 100), 2: np.zeros(101)})
    assert decay is not None
    assert decay.verdict == "exploding"

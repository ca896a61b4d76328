import math

import numpy as np
import pytest

from spectral_bench.diagnostics.gradient_decay import STABLE_FACTOR, GradientDecay, gradient_decay, steepest_decay


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


@pytest.mark.parametrize(("rate", "length"), [(1.0, 784), (3.0, 2000), (0.2, 784), (60.0, 50)])
def test_norms_that_underflowed_do_not_flatten_the_fit(rate: float, length: int) -> None:
    norms = np.exp(-rate * np.arange(length, -1, -1)).astype(np.float32)
    decay = gradient_decay(norms)
    assert decay is not None
    assert decay.rate == pytest.approx(rate, rel=1e-5)
    assert decay.verdict == "vanishing"


def test_a_gradient_that_vanishes_at_once_has_no_rate() -> None:
    assert gradient_decay(np.r_[np.zeros(100), 1.0]) == GradientDecay(None, "vanishing")


def test_a_gradient_cut_off_on_its_way_has_vanished_whatever_the_rest_does() -> None:
    decay = gradient_decay(np.r_[np.zeros(50), np.ones(51)])
    assert decay is not None
    assert decay.verdict == "vanishing"


@pytest.mark.parametrize("first", [np.inf, np.nan])
def test_an_infinite_gradient_explodes_and_one_with_nan_has_no_verdict(first: float) -> None:
    norms = np.r_[[first] * 50, np.ones(51)]
    assert gradient_decay(norms) == (GradientDecay(None, "exploding") if np.isinf(first) else None)
    assert gradient_decay(np.r_[np.inf, norms]) == GradientDecay(None, "exploding")


@pytest.mark.parametrize("norms", [np.zeros(10), np.full(10, np.nan), np.array([1.0])])
def test_without_a_gradient_there_is_no_rate(norms: np.ndarray) -> None:
    assert gradient_decay(norms) is None


def test_a_stack_is_judged_by_its_steepest_layer() -> None:
    decay = steepest_decay({0: exponential(0.01, 100), 1: exponential(-0.2, 100), 2: np.zeros(101)})
    assert decay is not None
    assert decay.verdict == "exploding"


def test_in_a_stack_a_layer_without_a_rate_is_the_steepest() -> None:
    infinite = np.r_[np.inf, np.ones(100)]
    assert steepest_decay({0: exponential(5.0, 100), 1: infinite}) == GradientDecay(None, "exploding")

import math

import numpy as np
import pytest

from spectral_bench.diagnostics.gradient_decay import (
    EXTREME_FACTOR,
    LEVEL_FACTOR,
    GradientDecay,
    gradient_decay,
    worst_decay,
)


def exponential(rate: float, length: int) -> np.ndarray:
    return np.exp(rate * np.arange(length + 1))


@pytest.mark.parametrize("rate", [-0.3, -0.01, 0.0, 0.02, 0.5])
def test_the_rate_of_an_exponential_is_found(rate: float) -> None:
    decay = gradient_decay(exponential(rate, 100))
    assert decay is not None
    assert decay.rate == pytest.approx(rate, abs=1e-9)
    assert decay.between_ends == pytest.approx(rate, abs=1e-9)


@pytest.mark.parametrize(
    ("kept", "verdict"),
    [
        (0.9 / EXTREME_FACTOR, "vanishing"),
        (1.1 / EXTREME_FACTOR, "fading"),
        (0.6, "fading"),
        (0.7, "level"),
        (1.0, "level"),
        (0.9 * LEVEL_FACTOR, "level"),
        (1.1 * LEVEL_FACTOR, "growing"),
        (0.9 * EXTREME_FACTOR, "growing"),
        (1.1 * EXTREME_FACTOR, "exploding"),
    ],
)
def test_the_verdict_is_on_what_arrives_after_the_whole_sequence(kept: float, verdict: str) -> None:
    length = 400
    decay = gradient_decay(exponential(-math.log(kept) / length, length))
    assert decay is not None
    assert decay.kept == pytest.approx(kept)
    assert decay.verdict == verdict


def test_a_gradient_that_falls_at_once_and_stays_level_is_judged_by_what_arrives() -> None:
    """As that of an LSTM, whose fitted line hardly falls: the picture shows a tenth at h_0."""
    decay = gradient_decay(np.r_[np.full(100, 0.1), 1.0])
    assert decay is not None
    assert decay.rate == pytest.approx(0.0, abs=2e-3)
    assert (decay.kept, decay.verdict) == (pytest.approx(0.1), "fading")


@pytest.mark.parametrize(("rate", "length"), [(1.0, 784), (3.0, 2000), (0.2, 784), (60.0, 50)])
def test_norms_that_underflowed_do_not_flatten_the_fit(rate: float, length: int) -> None:
    norms = np.exp(-rate * np.arange(length, -1, -1)).astype(np.float32)
    decay = gradient_decay(norms)
    assert decay is not None
    assert decay.rate == pytest.approx(rate, rel=1e-5)
    assert decay.verdict == "vanishing"


def test_a_gradient_that_vanishes_at_once_has_no_rate() -> None:
    assert gradient_decay(np.r_[np.zeros(100), 1.0]) == GradientDecay(None, 0.0)


def test_a_gradient_cut_off_on_its_way_has_vanished_whatever_the_rest_does() -> None:
    decay = gradient_decay(np.r_[np.zeros(50), np.ones(51)])
    assert decay is not None
    assert decay.verdict == "vanishing"


@pytest.mark.parametrize("first", [np.inf, np.nan])
def test_an_infinite_gradient_explodes_and_one_with_nan_has_no_verdict(first: float) -> None:
    norms = np.r_[[first] * 50, np.ones(51)]
    assert gradient_decay(norms) == (GradientDecay(None, math.inf) if np.isinf(first) else None)
    assert gradient_decay(np.r_[np.inf, norms]) == GradientDecay(None, math.inf)


@pytest.mark.parametrize("norms", [np.zeros(10), np.full(10, np.nan), np.array([1.0])])
def test_without_a_gradient_there_is_no_rate(norms: np.ndarray) -> None:
    assert gradient_decay(norms) is None


def test_a_stack_is_judged_by_its_worst_layer() -> None:
    decay = worst_decay({0: exponential(0.01, 100), 1: exponential(-0.2, 100), 2: np.zeros(101)})
    assert decay is not None
    assert decay.verdict == "exploding"


def test_in_a_stack_a_layer_with_an_infinite_norm_is_the_worst() -> None:
    infinite = np.r_[np.inf, np.ones(100)]
    assert worst_decay({0: exponential(5.0, 100), 1: infinite}) == GradientDecay(None, math.inf)

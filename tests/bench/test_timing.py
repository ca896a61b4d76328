"""Contenders are timed in turn, and ratios say how sure they are."""

from collections.abc import Callable

import pytest

from spectral_bench.bench.timing import Times, ratio, time_in_turn


class Clock:
    """Time that passes only while a step runs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def __call__(self) -> float:
        return self.now

    def step(self, name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds
            self.log.append(name)

        return run


def test_everybody_takes_turns_and_a_slow_one_sits_out_the_later_rounds() -> None:
    clock = Clock()
    steps = {"fast": clock.step("fast", 1.0), "slow": clock.step("slow", 100.0)}
    times = time_in_turn(steps, budget=4.0, rounds=(2, 10), clock=clock)
    assert clock.log == ["fast", "fast", "slow", "slow", "fast", "slow", "slow", "fast", "fast", "fast"]
    assert times == {"fast": Times([1.0] * 4), "slow": Times([100.0] * 2)}


def test_a_ratio_of_medians_has_an_interval_as_wide_as_the_times_are_noisy() -> None:
    reference = Times([2.0] * 9)
    steady = ratio(Times([1.0] * 9), reference)
    assert (steady.value, steady.low, steady.high) == (0.5, 0.5, 0.5)
    noisy = ratio(Times([0.8, 0.9, 1.0, 1.1, 1.2]), reference)
    assert noisy.low < noisy.value == 0.5 < noisy.high
    assert ratio(Times([0.8, 0.9, 1.0, 1.1, 1.2]), reference) == noisy


def test_one_stall_does_not_move_the_ratio() -> None:
    assert ratio(Times([1.0] * 8 + [50.0]), Times([2.0] * 9)).value == pytest.approx(0.5)


def test_a_machine_that_changes_speed_does_not_move_the_ratio_of_one_that_sat_out() -> None:
    assert ratio(Times([2.0] * 5), Times([2.0] * 5 + [1.0] * 20)).value == pytest.approx(1.0)

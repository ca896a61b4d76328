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


def test_everybody_takes_turns_and_as_many_in_an_order_that_changes() -> None:
    clock = Clock()
    steps = {"fast": clock.step("fast", 1.0), "slow": clock.step("slow", 5.0)}
    times = time_in_turn(steps, budget=120.0, rounds=(2, 100), clock=clock)
    assert times == {"fast": Times([1.0] * 20), "slow": Times([5.0] * 20)}
    rounds = [tuple(clock.log[start : start + 4]) for start in range(4, len(clock.log), 4)]
    assert len(rounds) == 20
    assert set(rounds) == {("fast", "fast", "slow", "slow"), ("slow", "slow", "fast", "fast")}


def test_of_a_turn_the_second_call_is_timed() -> None:
    clock = Clock()

    def step() -> None:  # slow whenever another came before it
        settled = clock.log[-1:] == ["step"]
        clock.step("step", 1.0 if settled else 3.0)()

    times = time_in_turn({"step": step, "other": clock.step("other", 1.0)}, budget=0.0, rounds=(2, 2), clock=clock)
    assert times["step"] == Times([1.0, 1.0])


@pytest.mark.parametrize(("budget", "expected"), [(0.0, 2), (1e6, 10)])
def test_rounds_are_neither_too_few_nor_too_many(budget: float, expected: int) -> None:
    clock = Clock()
    times = time_in_turn({"step": clock.step("step", 1.0)}, budget=budget, rounds=(2, 10), clock=clock)
    assert len(times["step"].seconds) == expected


def test_a_ratio_of_medians_has_an_interval_as_wide_as_the_times_are_noisy() -> None:
    reference = Times([2.0] * 9)
    steady = ratio(Times([1.0] * 9), reference)
    assert (steady.value, steady.low, steady.high) == (0.5, 0.5, 0.5)
    restless = Times([0.8, 0.9, 0.9, 1.0, 1.0, 1.0, 1.1, 1.1, 1.2])
    noisy = ratio(restless, reference)
    assert noisy.low < noisy.value == 0.5 < noisy.high
    assert ratio(restless, reference) == noisy


def test_one_stall_does_not_move_the_ratio() -> None:
    assert ratio(Times([1.0] * 8 + [50.0]), Times([2.0] * 9)).value == pytest.approx(0.5)

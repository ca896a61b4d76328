"""Timing on a noisy machine: steps in turn, medians, ratios with an interval."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from spectral_bench.bench.contenders import Step

#: The name of a step.
_Name = TypeVar("_Name", bound=Hashable)

#: Resamples of a bootstrap interval.
_RESAMPLES = 2000


@dataclass(frozen=True)
class Times:
    """Seconds that a step took, one number per round."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """Seconds."""
        return float(np.median(self.seconds))


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians with its 95 % interval (percentile bootstrap over rounds)."""

    value: float
    low: float
    high: float


def time_in_turn(
    steps: Mapping[_Name, Step],
    *,
    budget: float,
    rounds: tuple[int, int] = (9, 25),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[_Name, Times]:
    """Time every step, one after the other, round after round, so that a noisy minute falls on all of them.

    Every round has its own order, drawn from a seed. A turn is two calls, of which the second is timed: the first finds
    the caches full of another step's data and that step's memory being freed, which does not happen in a training.

    Args:
        steps: what to time.
        budget: average seconds per step, over all its turns together.
        rounds: smallest and largest number of rounds, the same for all steps so that medians are comparable.
        clock: monotonic time in seconds.
    """
    for step in steps.values():
        step()  # the very first call pays for one-time initialisation
    begin = clock()
    for step in steps.values():
        step()
    one_round = 2.0 * (clock() - begin)
    number = int(np.clip(budget * len(steps) / max(one_round, 1e-9), *rounds))
    keys = list(steps)
    seconds: dict[_Name, list[float]] = {key: [] for key in keys}
    orders = np.random.default_rng(0)
    for _ in range(number):
        for place in orders.permutation(len(keys)):
            key = keys[place]
            steps[key]()
            begin = clock()
            steps[key]()
            seconds[key].append(clock() - begin)
    return {key: Times(values) for key, values in seconds.items()}


def ratio(times: Times, reference: Times) -> Ratio:
    """The time of a step relative to another.

    Both are resampled by the same rounds, since a disturbance affects both; the resampling is seeded, so the same times
    give the same interval.
    """
    pair = np.asarray([times.seconds, reference.seconds])
    rounds = pair.shape[1]
    chosen = np.random.default_rng(0).integers(rounds, size=(_RESAMPLES, rounds))
    resampled = np.median(pair[:, chosen], axis=-1)
    low, high = np.quantile(resampled[0] / resampled[1], [0.025, 0.975])
    value = np.median(pair[0]) / np.median(pair[1])
    return Ratio(float(value), float(low), float(high))

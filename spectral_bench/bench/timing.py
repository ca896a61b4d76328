"""Times on a machine that is never quiet: everything in turn, medians, ratios with an interval."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spectral_bench.bench.contenders import Step

#: Resamples of a bootstrap interval.
_RESAMPLES = 2000


@dataclass(frozen=True)
class Times:
    """Seconds a step took, one number a round."""

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
    steps: Mapping[str, Step],
    *,
    budget: float,
    rounds: tuple[int, int] = (9, 25),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Time every step, one after the other, round after round, so that a noisy minute falls on all of them.

    Every round begins with the next step, so that none always follows the same one.

    Args:
        steps: what to time.
        budget: seconds a step may spend on being timed, beyond the fewest rounds; a slow one sits out the later rounds.
        rounds: fewest and most rounds of one step.
        clock: seconds, ever growing.
    """
    fewest, most = rounds
    wanted = {}
    for name, step in steps.items():
        step()  # the first call pays for memory and code that later ones find ready
        begin = clock()
        step()
        wanted[name] = int(np.clip(budget / max(clock() - begin, 1e-9), fewest, most))
    names = list(steps)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(max(wanted.values())):
        first = number % len(steps)
        for name in [*names[first:], *names[:first]]:
            if number < wanted[name]:
                begin = clock()
                steps[name]()
                seconds[name].append(clock() - begin)
    return {name: Times(values) for name, values in seconds.items()}


def ratio(times: Times, reference: Times) -> Ratio:
    """How long a step takes in units of another, over the rounds that both took.

    Rounds are resampled together, for what disturbs a round disturbs both; the resampling is seeded, so the same times
    give the same interval.
    """
    rounds = min(len(times.seconds), len(reference.seconds))
    pair = np.asarray([times.seconds[:rounds], reference.seconds[:rounds]])
    chosen = np.random.default_rng(0).integers(rounds, size=(_RESAMPLES, rounds))
    resampled = np.median(pair[:, chosen], axis=-1)
    low, high = np.quantile(resampled[0] / resampled[1], [0.025, 0.975])
    value = np.median(pair[0]) / np.median(pair[1])
    return Ratio(float(value), float(low), float(high))

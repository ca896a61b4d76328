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
    rounds: tuple[int, int] = (5, 25),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Time every step, one after the other, round after round, so that a noisy minute falls on all of them.

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
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(max(wanted.values())):
        for name, step in steps.items():
            if number < wanted[name]:
                begin = clock()
                step()
                seconds[name].append(clock() - begin)
    return {name: Times(values) for name, values in seconds.items()}


def ratio(times: Times, reference: Times) -> Ratio:
    """How long a step takes in units of another; the resampling is seeded, so the same times give the same interval."""
    rng = np.random.default_rng(0)
    medians = []
    for sample in (times, reference):
        values = np.asarray(sample.seconds)
        medians.append(np.median(rng.choice(values, (_RESAMPLES, len(values))), axis=1))
    low, high = np.quantile(medians[0] / medians[1], [0.025, 0.975])
    return Ratio(times.median / reference.median, float(low), float(high))

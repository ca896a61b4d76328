"""When the runs of a group first got somewhere: beat the baseline, solved the task."""

from dataclasses import dataclass
from math import isfinite
from statistics import median

from spectral_bench.compare.scores import scores
from spectral_bench.records.groups import Group, Section


@dataclass(frozen=True)
class Milestone:
    """The steps at which the seeds of a group got somewhere.

    Attributes:
        steps: of those that did.
        seeds: how many there are.
        median: over all seeds, those that never did counting as later than any; None where half of them never did.
        at_most: some seed was there at its first look already, so that the median may be earlier.
    """

    steps: list[float]
    seeds: int
    median: float | None
    at_most: bool


def milestone(section: Section, group: Group, field: str) -> Milestone:
    """When the seeds of a group reached what a field of ``MILESTONES`` tells the step of.

    Where no run completed or diverged, those count that were there before they stopped.
    """
    judged = scores(section, group, field)
    every = list(judged.by_seed.values()) or group.values(field)
    steps = [step for step in every if isfinite(step)]
    middle = median(every) if every else float("inf")
    lower = sorted(every)[(len(every) - 1) // 2] if every else 0.0
    found = ((run, run.summary.get(field)) for run in group.judged or group.counted)
    at_most = any(step is not None and step >= lower and step == run.first_look for run, step in found)
    return Milestone(steps, len(every), middle if isfinite(middle) else None, at_most)

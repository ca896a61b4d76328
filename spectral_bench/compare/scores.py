"""By what a group is judged: a number a seed; a run that did not get that far is worse than any number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite

from spectral_bench.compare.criteria import sense
from spectral_bench.compare.statistics import average, nearly_equal
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import SUMMARY_FIELDS

#: Fields that say what a training achieved. A run that diverged achieved none of it; what it cost is another matter.
ACHIEVEMENTS = frozenset(field.name for field in SUMMARY_FIELDS if field.is_achieved)


@dataclass(frozen=True)
class Scores:
    """What a group came to in a field.

    Attributes:
        by_seed: a number for each seed; infinite, on the side that is worse, for one that diverged or never got there.
        higher_is_better: the sense of the field.
    """

    by_seed: dict[int, float]
    higher_is_better: bool

    @cached_property
    def finite(self) -> list[float]:
        """The numbers of those that have one, in the order of seeds."""
        return [value for value in self.by_seed.values() if isfinite(value)]

    @property
    def without(self) -> int:
        """How many seeds are worse than any number."""
        return len(self.by_seed) - len(self.finite)

    @property
    def order(self) -> tuple[float, float]:
        """Less is better: first the share of seeds that are worse than any number, then the mean of the others.

        A mean over all would be infinite with the first of them, and groups would no longer differ.
        """
        if not self.by_seed:
            return inf, 0.0
        mean = average(self.finite) if self.finite else 0.0
        return self.without / len(self.by_seed), -mean if self.higher_is_better else mean

    def ties(self, other: "Scores") -> bool:
        """Whether neither is better, or by rounding alone."""
        return all(nearly_equal(a, b) for a, b in zip(self.order, other.order, strict=True))


def scores(section: Section, group: Group, field: str) -> Scores:
    """What the runs of a group came to that completed or diverged, one number a seed."""
    higher = sense(section, field) == "max"
    achievable = field in ACHIEVEMENTS and _exists(section, field)
    several: dict[int, list[float]] = {}
    for run in group.judged:
        value = score_of(run, field, higher=higher, achievable=achievable)
        if value is not None:
            several.setdefault(run.seed, []).append(value)
    return Scores({seed: average(values) for seed, values in several.items()}, higher)


def score_of(run: Run, field: str, *, higher: bool, achievable: bool) -> float | None:
    """What a run came to that completed or diverged; None where that is unknown.

    Args:
        run: the run.
        field: of its summary.
        higher: whether more of it is better.
        achievable: whether it is achieved: to have diverged, or never got there, is worse than any number.
    """
    value, completed = run.summary.get(field), run.status == "completed"
    if completed and isinstance(value, int | float) and isfinite(value):
        return float(value)
    if not achievable or (completed and field not in run.summary):
        return None
    return -inf if higher else inf


def finite_gaps(first: Mapping[int, float], second: Mapping[int, float]) -> list[float]:
    """The differences at the seeds that both have and have a number for, in the order of seeds."""
    pairs = [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]
    return [a - b for a, b in pairs if isfinite(a) and isfinite(b)]


def _exists(section: Section, field: str) -> bool:
    """Whether runs of this section can achieve it at all: many tasks are never called solved."""
    if field == "steps_to_beat_baseline":
        return section.baseline is not None
    return field != "solved_at" or any(group.finite(field) for group in section.groups)


def ranks(groups: Sequence[Scores]) -> list[float]:
    """The rank of every group, 1 the best; those that tie share the mean of their ranks."""
    order = sorted(range(len(groups)), key=lambda position: groups[position].order)
    tied: list[list[int]] = []
    for position in order:
        if tied and groups[position].ties(groups[tied[-1][-1]]):
            tied[-1].append(position)
        else:
            tied.append([position])
    found = [0.0] * len(groups)
    before = 0
    for members in tied:
        for position in members:
            found[position] = before + (len(members) + 1) / 2
        before += len(members)
    return found

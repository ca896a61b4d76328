"""The results of the groups of a section over their seeds."""

from collections import Counter
from dataclasses import dataclass

from spectral_bench.compare.milestones import Milestone, milestone
from spectral_bench.compare.published import Published, beside, fitting
from spectral_bench.compare.scores import Scores, scores
from spectral_bench.compare.statistics import Estimate, average, estimate
from spectral_bench.records.groups import Group, Section


@dataclass(frozen=True)
class GroupResult:
    """The results of a group.

    Attributes:
        group: the runs.
        scores: what the group is judged by, with the seeds that are worse than any number.
        values: of those that have a number, one a seed; where no run is completed, how far the others came.
        score: their mean.
        best: some run is completed, and no other such group of the section is better.
        best_validation, test_at_best: best value on validation, and the test value of those weights.
        beaten: when its seeds beat the baseline.
        solved: when they solved the task.
        decay: gradient decay rate at the last traced step.
        verdicts: how many runs have each gradient verdict.
        published: numbers from the literature for this model at this size.
    """

    group: Group
    scores: Scores
    values: list[float]
    score: Estimate | None
    best: bool
    best_validation: Estimate | None
    test_at_best: Estimate | None
    beaten: Milestone
    solved: Milestone
    decay: Estimate | None
    verdicts: dict[str, int]
    published: list[Published]

    def mean(self, field: str) -> float | None:
        """The mean of a field of the summaries over the runs that count; None where none has a finite value."""
        values = self.group.values(field)
        return average(values) if values else None


def group_results(section: Section, field: str) -> list[GroupResult]:
    """A row for every group of a section, judged by a field of the summaries."""
    numbers = fitting(section)
    judged = [scores(section, group, field) for group in section.groups]
    candidates = [one for group, one in zip(section.groups, judged, strict=True) if group.completed and one.finite]
    best = min(candidates, key=lambda one: one.order, default=None)
    return [
        GroupResult(
            group,
            one,
            values,
            estimate(values),
            best is not None and bool(group.completed) and bool(one.finite) and one.ties(best),
            estimate(group.values("best_validation")),
            estimate(group.values("test_at_best")),
            milestone(section, group, "steps_to_beat_baseline"),
            milestone(section, group, "solved_at"),
            estimate(group.values("gradient_decay_rate")),
            dict(Counter(run.summary.get("gradient_verdict") or "unknown" for run in group.counted)),
            beside(group, numbers),
        )
        for group, one in zip(section.groups, judged, strict=True)
        for values in [one.finite if group.completed else group.values(field)]
    ]

"""The results of the groups of a section over their seeds."""

from collections import Counter
from dataclasses import dataclass

from spectral_bench.compare.criteria import sense
from spectral_bench.compare.published import Published, beside, fitting
from spectral_bench.compare.statistics import Estimate, estimates
from spectral_bench.records.groups import Group, Section


@dataclass(frozen=True)
class GroupResult:
    """The results of a group.

    Attributes:
        group: the runs.
        score: the field the groups are judged by.
        best: some run is completed, and no other such group of the section has a better mean.
        best_validation, test_at_best: best value on validation, and the test value of those weights.
        decay: gradient decay rate at the last traced step.
        verdicts: how many runs have each gradient verdict.
        published: numbers from the literature for this model at this size.
    """

    group: Group
    score: Estimate | None
    best: bool
    best_validation: Estimate | None
    test_at_best: Estimate | None
    decay: Estimate | None
    verdicts: dict[str, int]
    published: list[Published]

    @property
    def beaten(self) -> list[float]:
        """Steps at which runs beat the baseline."""
        return [step for _, step in self.group.finite("steps_to_beat_baseline")]

    @property
    def num_parameters(self) -> int | None:
        """Of every run that counts; None where they differ (groups of ``--by``) or do not say."""
        sizes = {run.summary.get("num_parameters") for run in self.group.counted}
        return sizes.pop() if len(sizes) == 1 else None

    def mean(self, field: str) -> float | None:
        """The mean of a field of the summaries over the runs that count; None where none has a finite value."""
        values = self.group.values(field)
        return sum(values) / len(values) if values else None


def group_results(section: Section, field: str) -> list[GroupResult]:
    """A row for every group of a section, judged by a field of the summaries."""
    groups = section.groups
    numbers = fitting(section)
    scores, validations, tests, decays = (
        estimates([group.values(name) for group in groups])
        for name in (field, "best_validation", "test_at_best", "gradient_decay_rate")
    )
    means = [score.mean for group, score in zip(groups, scores, strict=True) if score and group.completed]
    best = None if not means else max(means) if sense(section, field) == "max" else min(means)
    return [
        GroupResult(
            group,
            score,
            score is not None and bool(group.completed) and score.mean == best,
            validation,
            test,
            decay,
            dict(Counter(run.summary.get("gradient_verdict") or "unknown" for run in group.counted)),
            beside(group, numbers),
        )
        for group, score, validation, test, decay in zip(groups, scores, validations, tests, decays, strict=True)
    ]

"""How often runs were measured, on which the best of their measurements depends, and when they got somewhere."""

from collections.abc import Sequence

from spectral_bench.config.schema import MEASURING
from spectral_bench.records.groups import Group, Section
from spectral_bench.runs.layout import MILESTONES

#: Runs that agree in these are measured at one interval.
_DECIDING = (*MEASURING, "train.steps", "train.epochs")

#: Fields that depend on it: the best of all looks, the first at which something was reached, and the mean over training
#: since the last one.
OF_LOOKS = frozenset(("best_step", "best_validation", "test_at_best", "train", *MILESTONES))


def notes_on_looks(found: Sequence[Section]) -> list[str]:
    """A note about every group within which runs were measured at different intervals."""
    notes = []
    for section in found:
        for group in section.groups:
            looks = _intervals(group)
            if len(looks) > 1:
                notes.append(
                    f"{section.name(group)}: its runs were measured at different intervals, first after {looks[0]:,} "
                    f"to {looks[-1]:,} updates, on which their best measurements and when they got somewhere depend."
                )
    return notes


def _intervals(group: Group) -> list[int]:
    asked = {tuple(run.config.get(key) for key in _DECIDING) for run in group.judged}
    if len(asked) == 1:  # without a look into their tables
        return []
    return sorted({run.first_look for run in group.judged if run.first_look is not None})

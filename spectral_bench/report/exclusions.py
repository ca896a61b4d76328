"""Notes about runs excluded from tables and figures."""

from collections.abc import Mapping, Sequence

from spectral_bench.records.groups import Group, Section
from spectral_bench.runs.layout import METRICS


def repeat_notes(groups: Sequence[Group]) -> list[str]:
    """A note on how many runs only repeat a seed."""
    repeats = sum(group.repeats for group in groups)
    if not repeats:
        return []
    return [f"{repeats} repeat{'s' * (repeats > 1)} of a seed left out: the newest run of each seed counts."]


def left_out_notes(groups: Sequence[Group]) -> list[str]:
    """Remarks for below a table whose rows are these groups."""
    notes = repeat_notes(groups)
    models = [group.model for group in groups]
    names = {group.id: group.model if models.count(group.model) == 1 else group.label for group in groups}
    others = "; ".join(f"{names[group.id]} ({group.others})" for group in groups if group.others)
    notes += [f"+: runs that did not complete: {others}."] if others else []
    if any(group.merged for group in groups):
        notes.append("A seed that was run in several of the settings put together is one sample: the mean of its runs.")
    if any(not group.completed for group in groups):
        notes.append("Where no run is completed, the row shows how far the others came.")
    return notes + [f"{names[group.id]}: {group.progress}." for group in groups if group.progress]


def used_of(group: Group, used: int) -> str:
    """How many seeds are behind the numbers of a row, if some have none: ``2 of 3 +1``."""
    if used == len(group.counted) or not group.completed:
        return group.standing
    return f"{used} of {group.standing}"


def lacking_notes(group: Group, last_steps: Mapping[str, int], at: int, what: str) -> list[str]:
    """Notes about runs that count but have no number at a step.

    Args:
        group: the runs.
        last_steps: the last traced step of every run that traced any, by its identifier.
        at: the step.
        what: the traced quantity, for the notes.
    """
    notes = []
    for run in group.counted:
        last = last_steps.get(run.run_id)
        if last is None:
            notes.append(f"{run.run_id} is left out: it has no trace of its {what}.")
        elif last < at and run.lacks_end(last):
            notes.append(f"{run.run_id} is left out at step {at:,}: the trace of its {what} ends at step {last:,}.")
    return notes


def undrawn_notes(section: Section) -> list[str]:
    """Notes about runs of a section that are not drawn, for pictures without a table."""
    undrawn = sum(len(group.runs) - len(group.completed) for group in section.groups if group.completed)
    repeats = repeat_notes(section.groups)
    unfinished = undrawn - sum(group.repeats for group in section.groups if group.completed)
    notes = [f"{unfinished} run{'s' * (unfinished > 1)} that did not complete not drawn."] if unfinished else []
    counted = [run for group in section.groups for run in group.counted]
    notes += [f"{run.run_id} is not drawn: it has no {METRICS}." for run in counted if not run.has_metrics]
    return [f"{section.title}: {note}" for note in [*repeats, *notes]]

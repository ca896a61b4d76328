"""What has to be said about runs that are in no number and in no picture."""

from collections.abc import Sequence

from spectral_bench.analysis.groups import Group, Section


def repeat_notes(groups: Sequence[Group]) -> list[str]:
    """How many runs only repeat a seed."""
    repeats = sum(group.repeats for group in groups)
    if not repeats:
        return []
    return [f"{repeats} repeat{'s' * (repeats > 1)} of a seed left out: the newest run of each seed counts."]


def left_out_notes(groups: Sequence[Group]) -> list[str]:
    """Remarks for below a table whose rows are these groups."""
    notes = repeat_notes(groups)
    if any(not group.completed for group in groups):
        notes.append("Where no run is completed, the row shows how far the others came.")
    return notes


def undrawn_notes(section: Section) -> list[str]:
    """What is not drawn of a section, for pictures without a table."""
    undrawn = sum(len(group.runs) - len(group.completed) for group in section.groups if group.completed)
    repeats = repeat_notes(section.groups)
    unfinished = undrawn - sum(group.repeats for group in section.groups if group.completed)
    notes = [f"{unfinished} run{'s' * (unfinished > 1)} that did not complete not drawn."] if unfinished else []
    return [f"{section.title}: {note}" for note in [*repeats, *notes]]

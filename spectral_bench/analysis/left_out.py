"""What has to be said about runs that are in no number and in no picture."""

from collections.abc import Sequence

from spectral_bench.analysis.groups import Group


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

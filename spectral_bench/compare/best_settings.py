"""The best setting of each model (or of each value of other keys), as validation chooses it."""

from collections.abc import Sequence

from spectral_bench.compare.scores import scores
from spectral_bench.config.keys import as_typed
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import check_field

#: Of more settings than this, a note counts those that are kept and does not name them.
_MOST_NAMED = 12


def best_settings(runs: Sequence[Run], keys: Sequence[str]) -> tuple[list[Run], list[str]]:
    """The runs of the best group among those of a section that agree in all keys, and notes on what was chosen.

    Groups with more seeds go first, for a search tries most settings with one, and the luckiest of many would win. Then
    the best validation metric decides, and of equals the one that solved the task first. No test data is looked at.

    Args:
        runs: any runs.
        keys: dotted keys or fields, such as ``model`` or ``r``.

    Raises:
        InputError: no run has one of the keys.
    """
    for key in keys:
        check_field(key, [run.fields() for run in runs])
    kept: set[str] = set()
    notes: list[str] = []
    for section in sections(runs):
        rivals: dict[tuple[str, ...], list[Group]] = {}
        for group in section.groups:
            fields = group.runs[0].fields()
            rivals.setdefault(tuple(as_typed(fields.get(key)) for key in keys), []).append(group)
        chosen = [min(groups, key=lambda group: _order(section, group)) for groups in rivals.values()]
        kept.update(run.run_id for group in chosen for run in group.runs)
        if len(chosen) < len(section.groups):
            notes.append(_note(section, chosen, keys))
    return [run for run in runs if run.run_id in kept], notes


def _note(section: Section, chosen: Sequence[Group], keys: Sequence[str]) -> str:
    """How many settings were chosen from, and which were: a table of them alone need not show what was varied."""
    typed = " ".join(f"--best {key}" for key in keys)
    named = f": {', '.join(group.label for group in chosen)}" if len(chosen) <= _MOST_NAMED else ""
    return f"{section.title}: {typed} keeps {len(chosen)} of {len(section.groups)} settings, by validation{named}."


def _order(section: Section, group: Group) -> tuple[float, ...]:
    seeds = {run.seed for run in group.judged}
    return (
        -len(seeds),
        *scores(section, group, "best_validation").order,
        *scores(section, group, "solved_at").order,
    )

"""The best setting of each model (or of each value of other keys), as validation chooses it."""

from collections.abc import Sequence

from spectral_bench.compare.scores import scores
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import check_field

#: Of more settings than this, a note counts those that are kept and does not name them.
_MOST_NAMED = 12


def best_settings(runs: Sequence[Run], keys: Sequence[str]) -> tuple[list[Run], list[str]]:
    """Keep one setting among those of a task that agree in all keys.

    It is one with completed runs, where there is any, and with the most seeds: a search tries most settings with one
    seed, and the luckiest of many would win. Then the best mean of ``best_validation`` decides, then the earliest
    ``solved_at``. No test data is looked at.

    Args:
        runs: any runs.
        keys: ``model``, or dotted keys of the configuration.

    Returns:
        The runs of the settings that are kept, and notes that name these.

    Raises:
        InputError: no run has one of the keys, or it is not of the configuration.
    """
    for key in keys:
        _check_setting(key, runs)
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


def _check_setting(key: str, runs: Sequence[Run]) -> None:
    """Refuse what runs of one setting may differ in: their results, their seed, how they were carried out."""
    check_field(key, [run.fields() for run in runs])
    if runs and key != "model" and not any(key in run.trained for run in runs):
        raise InputError(f"--best {key}: expected 'model', or a key of the configuration in which settings differ.")


def _note(section: Section, chosen: Sequence[Group], keys: Sequence[str]) -> str:
    """How many settings were chosen from, and which were: a table of them alone need not show what was varied."""
    typed = " ".join(f"--best {key}" for key in keys)
    named = f": {', '.join(group.label for group in chosen)}" if len(chosen) <= _MOST_NAMED else ""
    return f"{section.title}: {typed} keeps {len(chosen)} of {len(section.groups)} settings, by validation{named}."


def _order(section: Section, group: Group) -> tuple[float, ...]:
    return (
        not group.completed,
        -len({run.seed for run in group.judged}),
        *scores(section, group, "best_validation").order,
        *scores(section, group, "solved_at").order,
    )

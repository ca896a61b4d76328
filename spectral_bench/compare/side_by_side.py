"""Two runs or groups: find them by name, list where their configurations differ, and estimate the gap in scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_bench.compare.statistics import Estimate, difference, estimate
from spectral_bench.config.hints import short
from spectral_bench.config.schema import CHANGES_NO_NUMBER
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Group, Section

#: Stands for a key that one of the two does not have.
ABSENT = "-"


def resolve(found: Sequence[Section], name: str) -> Group:
    """The run (as a group of one) or group that a name stands for.

    Raises:
        InputError: it matches nothing, or several.
    """
    groups = [group for section in found for group in section.groups]
    runs = [run for group in groups for run in group.runs]
    path = Path(name).resolve()
    chosen = [run for run in runs if run.directory == path] or [run for run in runs if name and name in run.run_id]
    if len(chosen) == 1:
        (run,) = chosen
        return Group(run.run_id, run.model, {"seed": run.seed}, [run])
    for candidates in (
        [group for group in groups if len(name) >= 4 and group.id.startswith(name)],
        [group for group in groups if name in (group.label, group.model)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = "; ".join(f"{group.id} ({group.label})" for group in candidates[:10])
            raise InputError(f"--diff '{short(name)}' fits {len(candidates)} groups: name one by its id: {listed}.")
    if chosen:
        raise InputError(f"--diff '{short(name)}' fits {len(chosen)} runs: give more of the identifier.")
    known = ", ".join(dict.fromkeys(f"'{group.label}'" for group in groups[:20]))
    raise InputError(f"--diff '{short(name)}' is no run and no group here. There are: {known}.")


def configurations(first: Group, second: Group) -> dict[str, tuple[Any, Any]]:
    """For every key that may be compared, its value in the one and in the other; and the commits they were made at."""
    a, b = first.runs[0].config, second.runs[0].config
    keys = [key for key in dict.fromkeys([*a, *b]) if key not in CHANGES_NO_NUMBER]
    if len(first.runs) > 1 or len(second.runs) > 1:
        keys.remove("seed")
    pairs = {key: (a.get(key, ABSENT), b.get(key, ABSENT)) for key in keys}
    return {**pairs, "commit": (_commit(first), _commit(second))}


def _commit(group: Group) -> str:
    commits = {str((run.manifest.get("git") or {}).get("commit", ABSENT))[:10] for run in group.runs}
    return ", ".join(sorted(commits))


def gap_between(first: Group, second: Group, field: str) -> Estimate | None:
    """The difference of the means, paired by seed as in ``--pairwise`` where both have the same seeds."""
    a, b = first.by_seed(field), second.by_seed(field)
    if a.keys() == b.keys():
        return estimate([a[seed] - b[seed] for seed in sorted(a)])
    return difference(list(a.values()), list(b.values()))

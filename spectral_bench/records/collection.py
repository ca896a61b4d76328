"""From paths to runs, with what has to be said about those that could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spectral_bench.records.discovery import find_runs
from spectral_bench.records.run_cache import read_all
from spectral_bench.records.run_record import Run


@dataclass(frozen=True)
class Collection:
    """Runs that were read.

    Attributes:
        runs: sorted by directory.
        notes: what was left out and why, in words for the user.
        unreadable: those of the notes that are about runs that cannot be read.
    """

    runs: list[Run]
    notes: list[str]
    unreadable: Sequence[str] = ()


def collect(paths: Sequence[Path]) -> Collection:
    """Read every run at or below the paths.

    A run found twice (results that were copied) counts once, or a seed would be taken for two.

    Raises:
        InputError: a path does not exist.
    """
    runs: dict[str, Run] = {}
    notes: list[str] = []
    unreadable: list[str] = []
    for directory, entry in read_all(find_runs(paths)).items():
        if not isinstance(entry, Run):
            unreadable.append(f"{directory} is left out: {entry}.")
            notes.append(unreadable[-1])
        elif entry.run_id in runs:
            notes.append(f"{directory} is left out: a copy of {runs[entry.run_id].directory}.")
        else:
            runs[entry.run_id] = entry
            if entry.damage is not None:
                notes.append(f"{directory} is damaged: {entry.damage}.")
    found = list(runs.values())
    return Collection(found, notes + _unknown_senses(found) + _read_from_other_files(found), unreadable)


def _unknown_senses(runs: list[Run]) -> list[str]:
    """A note for every task of which no run says how its metric is to be read: no such task is known here either."""
    has_mode: dict[str, bool] = {}
    for run in runs:
        has_mode[run.task] = has_mode.get(run.task, False) or run.summary.get("mode") is not None
    return [
        f"task {task}: no run says whether more or less of its metric is better; less is taken to be."
        for task, is_known in has_mode.items()
        if not is_known
    ]


def _read_from_other_files(runs: list[Run]) -> list[str]:
    """A note for every data set that runs read from files of several kinds, and so with several digests."""
    endings: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        data = run.manifest.get("data")
        for file in map(Path, data if isinstance(data, dict) else ()):
            name = f"{file.parent.name}/{file.name.removesuffix(''.join(file.suffixes))}"
            endings.setdefault((run.task, name), set()).add(file.suffix)
    apart = {(task, name.partition("/")[0]): sorted(kinds) for (task, name), kinds in endings.items() if len(kinds) > 1}
    return [
        f"{task} {name}: read from {' and '.join(kinds)} files. Whether they hold the same is not known, for they have "
        "digests of their own: such runs stand apart."
        for (task, name), kinds in apart.items()
        if ".gz" not in kinds  # which is known by its digest to be the same, unpacked
    ]

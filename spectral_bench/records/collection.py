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
    """

    runs: list[Run]
    notes: list[str]


def collect(paths: Sequence[Path]) -> Collection:
    """Read every run at or below the paths.

    A run found twice (results that were copied) counts once, or a seed would be taken for two.

    Raises:
        InputError: a path does not exist.
    """
    runs: dict[str, Run] = {}
    notes = []
    for directory, entry in read_all(find_runs(paths)).items():
        if not isinstance(entry, Run):
            notes.append(f"{directory} is left out: {entry}.")
        elif entry.run_id in runs:
            notes.append(f"{directory} is left out: a copy of {runs[entry.run_id].directory}.")
        else:
            runs[entry.run_id] = entry
            if entry.damage is not None:
                notes.append(f"{directory} is damaged: {entry.damage}.")
    found = list(runs.values())
    return Collection(found, notes + _unknown_senses(found))


def _unknown_senses(runs: list[Run]) -> list[str]:
    """A note for every task of which no run says how its metric is to be read: no such task is known here either."""
    said: dict[str, bool] = {}
    for run in runs:
        said[run.task] = said.get(run.task, False) or run.summary.get("mode") is not None
    return [
        f"task {task}: no run says whether more or less of its metric is better; less is taken to be."
        for task, is_said in said.items()
        if not is_said
    ]

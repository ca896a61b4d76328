"""From paths to runs, with what has to be said about those that could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from spectral_bench.records.discovery import find_runs
from spectral_bench.records.index import read_all
from spectral_bench.records.run_record import Run

Mode = Literal["min", "max"]

#: Metrics of which more is better, for runs that do not record the sense of theirs; of any other, less is.
_MODES: dict[str, Mode] = {"accuracy": "max", "recall_accuracy": "max"}


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
    return Collection(_with_modes(list(runs.values())), notes)


def _with_modes(runs: list[Run]) -> list[Run]:
    """Complete the summaries of unfinished runs, now that the metric's sense is known from finished ones."""
    modes: dict[str, Mode] = {run.task: run.summary["mode"] for run in runs if run.summary.get("mode")}
    completed = []
    for run in runs:
        if run.summary.get("mode") is None:
            mode = modes.get(run.task, _MODES.get(run.summary.get("metric") or "", "min"))
            run = replace(run, summary=_with_best(run.summary, mode))
        completed.append(run)
    return completed


def _with_best(summary: Any, mode: Mode) -> dict[str, Any]:
    best = summary.get("lowest_validation" if mode == "min" else "highest_validation")
    found = {"best_validation": best[0], "best_step": best[1]} if best else {}
    kept = {key: value for key, value in summary.items() if not key.endswith("est_validation")}
    return {**kept, "mode": mode, **found}

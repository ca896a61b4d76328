"""The runs of a plot of any key against any metric, and what of each is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal

from spectral_bench.compare.scores import ACHIEVEMENTS
from spectral_bench.compare.statistics import Estimate, estimate, geometric_estimate
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.series import unfloored
from spectral_bench.records.grouping import differing_keys
from spectral_bench.records.groups import Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import check_field
from spectral_bench.records.traced_states import traced_notes
from spectral_bench.runs.layout import RATIOS

#: How a run came out, from the best.
Phase = Literal["solved", "better than baseline", "at baseline", "diverged"]

PHASES: tuple[Phase, ...] = ("solved", "better than baseline", "at baseline", "diverged")


@dataclass(frozen=True)
class Plotted:
    """The runs of one task.

    Attributes:
        task: its name.
        metric: the name of its metric; None: unknown.
        mode: whether more of it is better.
        baseline: what a memoryless predictor scores, by ``loss`` or ``metric``; empty where that is unknown, or not the
            same for all.
        runs: those that completed or diverged, the newest of each configuration and seed.
        notes: which are left out.
        states: whose gradients they traced, in a sentence, where these are not all h.
    """

    task: str
    metric: str | None
    mode: str
    baseline: dict[str, float]
    runs: list[Run]
    notes: list[str]
    states: list[str]


def plotted(sections: Sequence[Section]) -> list[Plotted]:
    """The runs of every task, whatever their settings: a key of the task may be an axis."""
    by_task: dict[str, list[Section]] = {}
    for section in sections:
        by_task.setdefault(section.task, []).append(section)
    found = []
    for task, members in by_task.items():
        runs = [run for section in members for group in section.groups for run in group.judged]
        every = [run for section in members for group in section.groups for run in group.runs]
        unfinished = sum(run.status not in ("completed", "diverged") for run in every)
        repeats = len(every) - unfinished - len(runs)
        notes = [f"{task}: {unfinished} of {len(every)} runs left out: not completed."] if unfinished else []
        notes += [f"{task}: {repeats} of {len(every)} runs left out: repeats of a seed."] if repeats else []
        baselines = {(section.baseline_of, section.baseline) for section in members}
        ((of, value),) = baselines if len(baselines) == 1 else [(None, None)]
        known = {of: value} if of is not None and value is not None else {}
        states = traced_notes([(group.model, group) for section in members for group in section.groups])
        found.append(Plotted(task, members[0].metric, members[0].mode, known, runs, notes, states))
    return found


def check_keys(runs: Sequence[Run], keys: Sequence[str]) -> None:
    """Refuse a key that no run has.

    Raises:
        InputError: naming the nearest key there is.
    """
    fields = [run.fields() for run in runs]
    for key in keys:
        check_field(key, fields)


def value_of(run: Run, key: str) -> Any:
    """The value of a key; None where the run has none."""
    return run.fields().get(key)


def number_of(run: Run, field: str) -> float | None:
    """A finite number of a run; None where it has none, or diverged on its way to it."""
    value = run.fields().get(field)
    if run.status == "diverged" and field in ACHIEVEMENTS:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if isfinite(value) else None


def mean_of(field: str, values: Sequence[float]) -> Estimate | None:
    """The mean of a field with its interval: of a ratio the geometric one.

    In that, what has underflowed counts as ``FLOOR``, and there is no interval: how far below it lies is not known.
    """
    if field not in RATIOS:
        return estimate(values)
    found = geometric_estimate([max(value, FLOOR) for value in values])
    return found if found is None or all(map(unfloored, values)) else replace(found, low=None, high=None)


def never_got_there(run: Run, field: str) -> bool:
    """Whether a run lacks a number because it did worse than any: it diverged, or never achieved what others did."""
    if field not in ACHIEVEMENTS or number_of(run, field) is not None:
        return False
    return run.status == "diverged" or (field in run.summary and run.summary[field] is None)


def phase_of(run: Run) -> Phase:
    """How it came out."""
    if run.status == "diverged":
        return "diverged"
    if run.summary.get("solved_at") is not None:
        return "solved"
    return "at baseline" if run.summary.get("steps_to_beat_baseline") is None else "better than baseline"


def setting_of(run: Run) -> dict[str, Any]:
    """The configuration that tells settings apart: what was trained, whatever it was called."""
    return {key: value for key, value in run.trained.items() if key != "name"}


def keys_apart(runs: Sequence[Run]) -> list[str]:
    """The keys in which runs are configured differently."""
    return [key for key in differing_keys([setting_of(run) for run in runs]) if key != "model.name"]

"""A run as it was earlier in its training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from spectral_bench.records.run_record import Run
from spectral_bench.records.run_tables import read_metrics
from spectral_bench.runs.layout import MILESTONES

#: Fields of a summary that hold whatever the length of a training is.
_LASTING = ("task", "model", "seed", "metric", "mode", "baseline", "baseline_of", "num_parameters", "ms_per_step")


def training_seconds(run: Run) -> float | None:
    """The time of all its updates, without measuring and tracing; None if it is not known."""
    per_step, steps = run.summary.get("ms_per_step"), run.summary.get("steps")
    if not per_step or not steps or not isfinite(per_step):
        return None
    return float(per_step) * float(steps) / 1000


def as_of(run: Run, seconds: float) -> Run | None:
    """The run when it had trained for so long: what was measured on validation data last by then.

    A run that diverged stays one. None if nothing was measured by then, or its speed is not known.
    """
    per_step = run.summary.get("ms_per_step")
    if not per_step or not isfinite(per_step):
        return None
    metric, rows = read_metrics(run.directory)
    # Of the run that sets the time, the last measurement is exactly then, but for rounding.
    last = seconds * 1000 / per_step * (1 + 1e-9)
    steps = [int(row["step"]) for row in rows if row["split"] == "validation" and int(row["step"]) <= last]
    if metric is None or not steps:
        return None
    step = max(steps)
    summary: dict[str, Any] = {name: run.summary.get(name) for name in _LASTING}
    summary |= {"steps": step, "validation": _number(rows, step, metric)}
    for name in MILESTONES:
        at = run.summary.get(name)
        summary[name] = at if at is not None and at <= step else None
    return replace(run, summary=summary)


def _number(rows: Sequence[Mapping[str, str]], step: int, metric: str) -> float | None:
    text = next(row[metric] for row in rows if int(row["step"]) == step and row["split"] == "validation")
    try:
        return float(text)
    except ValueError:
        return None

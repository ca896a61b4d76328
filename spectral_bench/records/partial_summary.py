"""The results so far of a run without ``summary.json``: one that is still running, or was killed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.diagnostics.gradient_decay import gradient_fields
from spectral_bench.records.recorded_facts import RecordedFacts
from spectral_bench.records.run_tables import by_layer, last_step, read_metrics, read_trace
from spectral_bench.runs.layout import GRADIENTS, SPECTRUM


def summarise_unfinished(directory: Path, facts: RecordedFacts, metric: Mapping[str, str] | None) -> dict[str, Any]:
    """The part of a summary that the tables of a run tell.

    Args:
        directory: of the run.
        facts: what its model says of itself.
        metric: the task's, ``name`` and ``mode``; None: unknown, and no validation value is called the best.
    """
    name, rows = read_metrics(directory)
    summary: dict[str, Any] = dict.fromkeys(("metric", "mode"))
    if metric is not None:
        summary |= {"metric": metric["name"], "mode": metric["mode"]}
    summary["steps"] = max((int(row["step"]) for row in rows), default=0)
    if name is not None:
        summary["metric"] = name
        for split in ("train", "validation"):
            values = [(_number(row[name]), int(row["step"])) for row in rows if row["split"] == split]
            summary[split] = values[-1][0] if values else None
            if split == "validation" and summary["mode"] is not None:
                summary |= _best(values, summary["mode"])
    if rows:
        summary["wall_seconds"] = _number(rows[-1]["wall_seconds"])
    summary |= last_gradients(directory, facts)
    margin = last_margin(directory, facts.margin_centre)
    return summary if margin is None else {**summary, "spectral_margin": margin}


def last_gradients(directory: Path, facts: RecordedFacts) -> dict[str, Any]:
    """What a summary says of the gradients at the last traced step; None where nothing can be said."""
    gradients = None if facts.every_step else read_trace(directory, GRADIENTS, last_only=True)
    traced = gradients is not None and gradients.num_rows
    return gradient_fields(by_layer(last_step(gradients)) if traced else None)


def last_margin(directory: Path, centre: float | None) -> float | None:
    """The spectral margin at the last traced step; None where there is none to be measured."""
    if centre is None:
        return None
    spectrum = read_trace(directory, SPECTRUM, last_only=True)
    if spectrum is None or not spectrum.num_rows:
        return None
    return float(np.abs(last_step(spectrum)["singular_value"] - centre).max())


def _best(values: Iterable[tuple[float | None, int]], mode: str) -> dict[str, Any]:
    """The best of values with their steps, the first of equal ones."""
    finite = [(value, step) for value, step in values if value is not None]
    if not finite:
        return {}
    value, step = (min if mode == "min" else max)(finite, key=lambda pair: pair[0])
    return {"best_validation": value, "best_step": step}


def _number(text: str) -> float | None:
    """A finite number; None for anything else, as ``summary.json`` has it."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None

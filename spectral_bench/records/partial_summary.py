"""The results so far of a run without ``summary.json``: one that is still running, or was killed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.diagnostics.decay import steepest_decay
from spectral_bench.records.run_tables import by_layer, last_step, read_metrics, read_parts


def summarise_unfinished(directory: Path) -> dict[str, Any]:
    """The part of a summary that follows from the tables of a run.

    Which validation value is the best depends on the metric's sense, which only a finished run records: both extremes
    are given, as ``lowest_validation`` and ``highest_validation``, each ``[value, step]``.
    """
    metric, rows = read_metrics(directory)
    summary: dict[str, Any] = {"metric": metric, "steps": max((int(row["step"]) for row in rows), default=0)}
    if metric is not None:
        for split in ("train", "validation"):
            values = [(_number(row[metric]), int(row["step"])) for row in rows if row["split"] == split]
            summary[split] = values[-1][0] if values else None
            if split == "validation":
                summary |= _extremes(values)
    if rows:
        summary["wall_seconds"] = _number(rows[-1]["wall_seconds"])
    gradients = read_parts(directory, "gradients.parquet", last_only=True)
    if gradients is not None and gradients.num_rows and (decay := steepest_decay(by_layer(last_step(gradients)))):
        summary |= {"gradient_decay_rate": decay.rate, "gradient_verdict": decay.verdict}
    spectrum = read_parts(directory, "spectrum.parquet", last_only=True)
    if spectrum is not None and spectrum.num_rows:
        summary["spectral_margin"] = float(np.abs(last_step(spectrum)["singular_value"] - 1.0).max())
    return summary


def _extremes(values: Iterable[tuple[float | None, int]]) -> dict[str, Any]:
    finite = [(value, step) for value, step in values if value is not None]
    if not finite:
        return {}
    return {
        "lowest_validation": min(finite, key=lambda pair: pair[0]),
        "highest_validation": max(finite, key=lambda pair: pair[0]),
    }


def _number(text: str) -> float | None:
    """A finite number; None for anything else, as ``summary.json`` has it."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None

"""One run as the page draws it: its curves, thinned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.records.run_record import Run
from spectral_bench.records.run_tables import read_metrics
from spectral_bench.records.traces import GradientHistory, gradient_norms, spectra

#: A page of 500 runs stays below 6 MB with so many points of a curve, traced steps, and places along a trace.
_MOST_POINTS, _MOST_STEPS, _MOST_PLACES = 120, 24, 60


def run_payload(run: Run) -> dict[str, Any]:
    """A run as plain values: null for what is missing or not finite."""
    return {
        "id": run.run_id,
        "seed": run.seed,
        "status": run.status,
        "command": " ".join(map(str, run.manifest.get("command") or [])),
        "curves": {split: _curve(run, split) for split in ("train", "validation")},
        "norms": [_norms(history) for _, history in sorted(gradient_norms(run.directory).items())],
        "sigma": _sigma(run),
    }


def rounded(values: NDArray[np.floating] | list[float]) -> list[float | None]:
    """Numbers to four digits, which is more than a screen shows."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def _curve(run: Run, split: str) -> dict[str, Any]:
    name, rows = read_metrics(run.directory)
    kept = [row for row in rows if row["split"] == split]
    kept = [kept[place] for place in _spread(len(kept), _MOST_POINTS)]
    metric = [] if name is None else [_number(row[name]) for row in kept]
    return {
        "step": [int(row["step"]) for row in kept],
        "loss": rounded([_number(row["loss"]) for row in kept]),
        "metric": rounded(metric),
    }


def _norms(history: GradientHistory) -> dict[str, Any]:
    steps, places = _spread(len(history.steps), _MOST_STEPS), _spread(history.norms.shape[1], _MOST_PLACES)
    return {
        "step": history.steps[steps].tolist(),
        "t": places.tolist(),
        "norm": [rounded(row) for row in history.norms[np.ix_(steps, places)]],
    }


def _sigma(run: Run) -> dict[str, Any] | None:
    found = spectra(run.directory, run.facts.margin_centre)
    if found is None:
        return None
    steps = _spread(len(found.steps), _MOST_POINTS)
    return {"step": found.steps[steps].tolist(), "quantiles": [rounded(row) for row in found.quantiles[steps]]}


def _spread(there: int, most: int) -> NDArray[np.int64]:
    """At most so many positions, spread evenly, both ends among them."""
    return np.unique(np.linspace(0, there - 1, min(there, most)).round().astype(np.int64))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")

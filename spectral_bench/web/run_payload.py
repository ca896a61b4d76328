"""One run as the page draws it: its curves, thinned."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.config.grid_points import OpenKeys
from spectral_bench.records.run_record import Run
from spectral_bench.records.run_tables import read_metrics
from spectral_bench.records.traces import GradientHistory, gradient_norms, spectra
from spectral_bench.records.training_command import training_command

#: So many runs of a page are shown with all the detail of ``Detail``; with more of them, each has less.
_IN_DETAIL = 400


@dataclass(frozen=True)
class Detail:
    """How much of a run is drawn.

    Attributes:
        points: of a curve.
        steps: of training at which a trace is kept.
        places: along a trace.
    """

    points: int = 120
    steps: int = 24
    places: int = 60

    @classmethod
    def for_runs(cls, runs: int) -> "Detail":
        """As much as a page of so many runs can hold in 6 MB."""
        share = min(1.0, _IN_DETAIL / max(runs, 1))
        return cls(max(20, round(120 * share)), max(8, round(24 * share**0.5)), max(16, round(60 * share**0.5)))


def run_payload(run: Run, detail: Detail, open_keys: OpenKeys) -> dict[str, Any]:
    """A run as plain values: null for what is missing or not finite."""
    return {
        "id": run.run_id,
        "seed": run.seed,
        "status": run.status,
        "command": training_command(run, open_keys),
        "curves": {split: _curve(run, split, detail) for split in ("train", "validation")},
        "norms": [_norms(history, detail) for _, history in sorted(gradient_norms(run.directory).items())],
        "sigma": _sigma(run, detail),
    }


def rounded(values: NDArray[np.floating] | list[float]) -> list[float | None]:
    """Numbers to four digits, which is more than a screen shows."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def _curve(run: Run, split: str, detail: Detail) -> dict[str, Any]:
    name, rows = read_metrics(run.directory)
    kept = [row for row in rows if row["split"] == split]
    kept = [kept[place] for place in _spread(len(kept), detail.points)]
    metric = [] if name is None else [_number(row[name]) for row in kept]
    return {
        "step": [int(row["step"]) for row in kept],
        "loss": rounded([_number(row["loss"]) for row in kept]),
        "metric": rounded(metric),
    }


def _norms(history: GradientHistory, detail: Detail) -> dict[str, Any]:
    steps, places = _spread(len(history.steps), detail.steps), _spread(history.norms.shape[1], detail.places)
    return {
        "step": history.steps[steps].tolist(),
        "t": places.tolist(),
        "norm": [rounded(row) for row in history.norms[np.ix_(steps, places)]],
    }


def _sigma(run: Run, detail: Detail) -> dict[str, Any] | None:
    found = spectra(run.directory, run.facts.margin_centre)
    if found is None:
        return None
    steps = _spread(len(found.steps), detail.points)
    return {"step": found.steps[steps].tolist(), "quantiles": [rounded(row) for row in found.quantiles[steps]]}


def _spread(there: int, most: int) -> NDArray[np.int64]:
    """At most so many positions, spread evenly, both ends among them."""
    return np.unique(np.linspace(0, there - 1, min(there, most)).round().astype(np.int64))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")

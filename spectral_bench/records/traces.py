"""Traces of runs as arrays: gradient norms by step and time, singular values by step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectral_bench.records.run_tables import read_trace
from spectral_bench.runs.layout import GRADIENTS, SPECTRUM


@dataclass(frozen=True)
class GradientHistory:
    """Gradient norms of one layer.

    Attributes:
        steps: traced steps, shape (S,), ascending.
        norms: shape (S, T + 1), t = 0..T.
    """

    steps: NDArray[np.int64]
    norms: NDArray[np.float64]


def gradient_norms(directory: Path, damaged: list[Path] | None = None) -> dict[int, GradientHistory]:
    """Everything a run traced of its gradients, by layer; ``damaged`` gets the files that cannot be read."""
    table = read_trace(directory, GRADIENTS, damaged)
    if table is None or not table.num_rows:
        return {}
    step, layer, t, norm = (table[name].to_numpy() for name in ("step", "layer", "t", "norm"))
    found = {}
    for one in np.unique(layer):
        rows = layer == one
        steps, position = np.unique(step[rows], return_inverse=True)
        norms = np.full((len(steps), int(t[rows].max()) + 1), np.nan)
        norms[position, t[rows]] = norm[rows]  # of a step traced again after a resume, the later row counts
        found[int(one)] = GradientHistory(steps.astype(np.int64), norms)
    return found


@dataclass(frozen=True)
class Spectra:
    """The distribution of all singular values of a run's recurrent matrices, by step.

    Attributes:
        steps: traced steps, shape (S,), ascending.
        quantiles: shape (S, Q): minimum, the quantiles of ``QUANTILES`` in between, maximum.
        margin: max |σ - σ*|, σ* the model's centre, shape (S,); NaN where there is no σ*.
    """

    steps: NDArray[np.int64]
    quantiles: NDArray[np.float64]
    margin: NDArray[np.float64]


#: The quantiles kept of the distribution of singular values.
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def spectra(directory: Path, centre: float | None, damaged: list[Path] | None = None) -> Spectra | None:
    """What a run traced of its singular values; None if nothing.

    Args:
        directory: of the run.
        centre: what the margin is measured from; None: it is not measured.
        damaged: gets the files that cannot be read.
    """
    table = read_trace(directory, SPECTRUM, damaged)
    if table is None or not table.num_rows:
        return None
    step, sigma = table["step"].to_numpy(), table["singular_value"].to_numpy()
    order = np.argsort(step, kind="stable")
    steps, first = np.unique(step[order], return_index=True)
    parts = np.split(sigma[order], first[1:])
    return Spectra(
        steps.astype(np.int64),
        np.array([_quantiles(part) for part in parts]),
        np.array([np.nan if centre is None else np.abs(part - centre).max() for part in parts]),
    )


def _quantiles(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """``QUANTILES`` of values, without interpolation if any is infinite."""
    found: NDArray[np.floating] = np.quantile(
        values, QUANTILES, method="linear" if np.isfinite(values).all() else "nearest"
    )
    return found

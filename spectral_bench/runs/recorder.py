"""Writes the events of a training into the files of its run directory."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.layout import GRADIENTS, METRICS, SPECTRUM
from spectral_bench.runs.metrics_file import MetricsFile
from spectral_bench.runs.parted_table import SCHEMAS, PartedTable, repeated
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Spectrum, Update

#: Traces that are older than this are written after the update or the measurement that is under way.
_FLUSH_SECONDS = 30.0


class RunRecorder(Observer):
    """Keeps every event of a training.

    Metrics are on disk at once, and so are the first traces of a session; later ones with every checkpoint and at least
    every half a minute, so that a run can be looked at while it is young.

    Args:
        directory: the run directory.
        metric: name of the task's metric.
        checkpoints: of the run.
        centre: where the spectral margin is measured from; None: there is none.

    Raises:
        DataError: a table that the run goes on with is damaged.
    """

    def __init__(self, directory: Path, metric: str, checkpoints: Checkpoints, centre: float | None) -> None:
        self._checkpoints = checkpoints
        self._centre = centre
        self.metrics = MetricsFile(directory / METRICS, metric)
        self._gradients = PartedTable(directory / GRADIENTS, SCHEMAS[GRADIENTS])
        self._spectrum = PartedTable(directory / SPECTRUM, SCHEMAS[SPECTRUM])
        self._flush_at = -math.inf

    def on_update(self, update: Update) -> None:  # noqa: ARG002
        """Write the traces gathered so far, if they have waited long enough."""
        self._flush_if_due()

    def on_measurement(self, measurement: Measurement) -> None:
        """Append a row to ``metrics.csv``."""
        self.metrics.append(measurement)
        self._flush_if_due()

    def on_gradients(self, norms: GradientNorms) -> None:
        """Gather gradient norms."""
        for layer, values in norms.by_layer.items():
            count = len(values)
            steps, layers = repeated(norms.step, count), repeated(layer, count)
            self._gradients.add({"step": steps, "layer": layers, "t": np.arange(count), "norm": values})

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Gather singular values."""
        for (layer, matrix), values in spectrum.singular_values.items():
            count = len(values)
            self._spectrum.add(
                {
                    "step": repeated(spectrum.step, count),
                    "layer": repeated(layer, count),
                    "matrix": [matrix] * count,
                    "index": np.arange(count),
                    "singular_value": values,
                }
            )

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        """Write the traces, then the checkpoint that promises them."""
        traces = {GRADIENTS: self._gradients.mark(), SPECTRUM: self._spectrum.mark()}
        self._checkpoints.save(step, {"trainer": dict(state), "metrics": self.metrics.mark(), "traces": traces})

    def join(self) -> None:
        """Make one file of each trace; to be called when a session ends regularly."""
        self._gradients.join()
        self._spectrum.join()

    def _flush_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._flush_at:
            self._gradients.flush()
            self._spectrum.flush()
            self._flush_at = now + _FLUSH_SECONDS

    def last_norms(self) -> GradientNorms | None:
        """The gradient norms traced last, in this session or one before."""
        table = self._gradients.latest()
        if table is None:
            return None
        layers, norms = table["layer"].to_numpy(), table["norm"].to_numpy()
        return GradientNorms(table["step"][0].as_py(), {int(layer): norms[layers == layer] for layer in set(layers)})

    def last_spectrum(self) -> Spectrum | None:
        """The singular values computed last, in this session or one before."""
        table = self._spectrum.latest()
        if table is None:
            return None
        rows = table.to_pandas().groupby(["layer", "matrix"])["singular_value"]
        return Spectrum(table["step"][0].as_py(), {name: values.to_numpy() for name, values in rows}, self._centre)

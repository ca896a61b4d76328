"""Writes what a training tells into the files of its run directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spectral_bench.runs.checkpoint import save_checkpoint
from spectral_bench.runs.metrics import MetricsFile
from spectral_bench.runs.parts import PartedTable, repeated
from spectral_bench.tasks.base import Split
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Spectrum

GRADIENTS = pa.schema([("step", pa.int64()), ("layer", pa.int32()), ("t", pa.int32()), ("norm", pa.float64())])
SPECTRUM = pa.schema(
    [
        ("step", pa.int64()),
        ("layer", pa.int32()),
        ("matrix", pa.string()),
        ("index", pa.int32()),
        ("singular_value", pa.float64()),
    ]
)


class RunRecorder(Observer):
    """Keeps everything a training says.

    Metrics are on disk at once; traces are sealed with every checkpoint, so that no part of them lies astride one.

    Args:
        directory: the run directory.
        metric: name of the task's metric.
    """

    def __init__(self, directory: Path, metric: str) -> None:
        self._checkpoint = directory / "checkpoint.pt"
        self._metrics = MetricsFile(directory / "metrics.csv", metric)
        self._gradients = PartedTable(directory / "gradients.parquet", GRADIENTS)
        self._spectrum = PartedTable(directory / "spectrum.parquet", SPECTRUM)
        self.measurements: dict[Split, Measurement] = {}
        self.last_norms: GradientNorms | None = None
        self.last_spectrum: Spectrum | None = None

    def on_measurement(self, measurement: Measurement) -> None:
        """Append a row to ``metrics.csv``."""
        self.measurements[measurement.split] = measurement
        self._metrics.append(measurement)

    def on_gradients(self, norms: GradientNorms) -> None:
        """Gather gradient norms."""
        self.last_norms = norms
        for layer, values in norms.by_layer.items():
            count = len(values)
            steps, layers = repeated(norms.step, count), repeated(layer, count)
            self._gradients.add({"step": steps, "layer": layers, "t": np.arange(count), "norm": values})

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Gather singular values."""
        self.last_spectrum = spectrum
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

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Seal the traces, then write the checkpoint that promises them."""
        self.seal()
        save_checkpoint(self._checkpoint, state)

    def seal(self) -> None:
        """Write the traces gathered so far; to be called at the end of a run that made no last checkpoint."""
        self._gradients.seal()
        self._spectrum.seal()

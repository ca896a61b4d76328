"""Writes the events of a training into the files of its run directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.runs import metrics_file, parted_table
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.layout import GRADIENTS, METRICS, SPECTRUM, TABLES
from spectral_bench.runs.metrics_file import MetricsFile
from spectral_bench.runs.parted_table import SCHEMAS, PartedTable, repeated
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Spectrum


class RunRecorder(Observer):
    """Keeps every event of a training.

    Metrics are on disk at once; traces are sealed with every checkpoint, so that every part of them ends before one
    or begins after it.

    Args:
        directory: the run directory.
        metric: name of the task's metric.
        checkpoints: of the run.
        traces: for each of ``TABLES`` the digests of the parts that are there already.
        centre: where the spectral margin is measured from; None: there is none.
    """

    def __init__(
        self,
        directory: Path,
        metric: str,
        checkpoints: Checkpoints,
        traces: Mapping[str, Mapping[str, str]],
        centre: float | None,
    ) -> None:
        self._checkpoints = checkpoints
        self._centre = centre
        self.metrics = MetricsFile(directory / METRICS, metric)
        self._gradients = PartedTable(directory / GRADIENTS, SCHEMAS[GRADIENTS], traces.get(GRADIENTS))
        self._spectrum = PartedTable(directory / SPECTRUM, SCHEMAS[SPECTRUM], traces.get(SPECTRUM))

    def on_measurement(self, measurement: Measurement) -> None:
        """Append a row to ``metrics.csv``."""
        self.metrics.append(measurement)

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
        """Seal the traces, then write the checkpoint that promises them."""
        self.seal()
        traces = {GRADIENTS: self._gradients.digests, SPECTRUM: self._spectrum.digests}
        self._checkpoints.save(step, {"trainer": dict(state), "metrics": self.metrics.mark(), "traces": traces})

    def seal(self) -> None:
        """Write the traces gathered so far; to be called at the end of a run that made no last checkpoint."""
        self._gradients.seal()
        self._spectrum.seal()

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


def rewind_tables(directory: Path, checkpoint: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Cut the tables of a run back to one of its checkpoints, or to nothing: what came later will come again.

    Returns:
        For each of ``TABLES`` the digests of the parts that stay, as they were when they were written.
    """
    if checkpoint is None:
        (directory / METRICS).unlink(missing_ok=True)
    else:
        metrics_file.rewind_metrics(directory / METRICS, checkpoint["metrics"])
    for table in TABLES:
        parted_table.rewind_parts(directory / table, checkpoint["trainer"]["progress"]["step"] if checkpoint else 0)
    if checkpoint is None:
        return {}
    # A checkpoint of an earlier version notes no digests.
    return checkpoint.get("traces") or {table: parted_table.part_digests(directory / table) for table in TABLES}

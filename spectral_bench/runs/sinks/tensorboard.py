"""``--sink tensorboard``: event files in the run directory, in a folder ``tensorboard``."""

import csv
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spectral_bench.runs.layout import METRICS
from spectral_bench.runs.sinks.sink_registry import SINKS
from spectral_bench.training.observer import (
    EndStatus,
    GradientNorms,
    Measurement,
    Observer,
    Plan,
    RunIdentity,
    Spectrum,
)

#: The folder of event files in a run directory.
FOLDER = "tensorboard"

#: Buckets of a histogram of singular values, and the least width of all of them together.
_BUCKETS, _WIDTH = 30, 1e-6


@SINKS.register("tensorboard")
class TensorBoardSink(Observer):
    """Metrics as scalars, gradient norms as histograms over t, singular values as histograms with both extremes.

    In a histogram of gradient norms the axis is t, and the height at t is the norm there.
    """

    install: ClassVar[str] = "pip install 'spectral-bench[tensorboard]'"

    def __init__(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer_class = SummaryWriter
        self._writer: Any = None
        self._metric = ""

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        """Opens a file; of a run that goes on, what earlier files hold from there on is void."""
        if run.directory is None:
            raise ValueError("the run has no directory to write to")
        self._metric = plan.metric.name
        resumes = (run.directory / FOLDER).is_dir()
        purge_step = plan.first_step if resumes else None
        self._writer = self._writer_class(str(run.directory / FOLDER), purge_step=purge_step)
        if resumes:
            self._repeat(run.directory / METRICS, plan.first_step)

    def on_measurement(self, measurement: Measurement) -> None:
        """Scalars ``SPLIT/loss``, ``SPLIT/METRIC`` and ``SPLIT/samples_per_second``."""
        self._scalars(
            measurement.step,
            measurement.split,
            {
                "loss": measurement.loss,
                self._metric: measurement.metric,
                "samples_per_second": measurement.samples_per_second,
            },
        )

    def on_gradients(self, norms: GradientNorms) -> None:
        """A histogram for each layer, unless a norm is not finite."""
        for layer, values in norms.by_layer.items():
            t = np.arange(len(values))
            self._histogram(f"gradient_norm/layer{layer}", norms.step, values, t, np.append(t - 0.5, t[-1] + 0.5))

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """A histogram and both extremes for each matrix, unless a singular value is not finite."""
        for (layer, matrix), sigma in spectrum.singular_values.items():
            name = f"layer{layer}_{matrix}" if matrix else f"layer{layer}"
            if len(sigma) == 0 or not np.isfinite(sigma).all():
                continue
            self._scalars(spectrum.step, f"spectrum/{name}", {"largest": sigma.max(), "smallest": sigma.min()})
            low, high = float(sigma.min()), float(sigma.max())
            margin = max(0.0, _WIDTH * max(1.0, high) - (high - low)) / 2
            counts, edges = np.histogram(sigma, bins=_BUCKETS, range=(low - margin, high + margin))
            self._histogram(f"spectrum/{name}", spectrum.step, counts, (edges[1:] + edges[:-1]) / 2, edges)

    def on_end(self, status: EndStatus) -> None:  # noqa: ARG002
        """Closes the file."""
        self._writer.close()

    def _repeat(self, metrics: Path, step: int) -> None:
        """Write the measurements of a step again: they came before the checkpoint, and became void with the rest."""
        if not metrics.exists():
            return
        with metrics.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["step"] == str(step):
                    names = ("loss", self._metric, "samples_per_second")
                    self._scalars(step, row["split"], {name: float(row[name]) for name in names})

    def _scalars(self, step: int, group: str, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def _histogram(
        self, tag: str, step: int, heights: NDArray[Any], centres: NDArray[Any], edges: NDArray[np.float64]
    ) -> None:
        """A histogram of given heights; bucket i lies between ``edges[i]`` and ``edges[i + 1]``."""
        total = float(heights.sum())
        if not math.isfinite(total):
            return
        self._writer.add_histogram_raw(
            tag,
            min=float(edges[0]),
            max=float(edges[-1]),
            num=total,
            sum=float(heights @ centres),
            sum_squares=float(heights @ centres**2),
            bucket_limits=edges[1:].tolist(),
            bucket_counts=heights.tolist(),
            global_step=step,
        )

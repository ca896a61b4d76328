"""The events that the training loop emits to its observers. They may end the training, and change nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spectral_bench.tasks.task import Baseline, Metric, Split

#: How a session at a run can end.
EndStatus = Literal["completed", "diverged", "interrupted", "failed"]


@dataclass(frozen=True)
class Plan:
    """What a training is about to do.

    Attributes:
        first_step: updates already made (more than 0 for a resumed run).
        total_steps: updates after which it ends.
        updates_per_epoch: None when the data is generated without end.
        batch_size: sequences per update.
        num_parameters: trainable numbers, entries that are zero by construction not counted.
        metric: what the task is judged by.
        baseline: what a memoryless predictor scores, if the task has one.
    """

    first_step: int
    total_steps: int
    updates_per_epoch: int | None
    batch_size: int
    num_parameters: int
    metric: Metric
    baseline: Baseline | None


@dataclass(frozen=True)
class RunIdentity:
    """Which run a training belongs to.

    Attributes:
        run_id: name of its directory; None: it is not saved.
        directory: where its files lie; None: it is not saved.
        config: its configuration as plain dicts, text and numbers, as ``config.yaml`` holds it.
    """

    run_id: str | None
    directory: Path | None
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Update:
    """One optimizer update.

    Attributes:
        step: updates made so far, this one included.
        loss: mean loss of the batch, before the update.
        seconds: time the update took, without evaluation; with the tracing of its gradients, where they are traced.
    """

    step: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Measurement:
    """Loss and metric of one split at one step; for ``train``, means over the updates since the last measurement.

    Attributes:
        step: updates made so far.
        epoch: passes over the training data so far (a fraction inside one); None for generated data.
        split: which data.
        loss: mean loss.
        metric: value of the task's metric.
        samples_per_second: training sequences per second for ``train``, evaluated ones otherwise.
        wall_seconds: since the training began, over all its sessions.
    """

    step: int
    epoch: float | None
    split: Split
    loss: float
    metric: float
    samples_per_second: float
    wall_seconds: float


@dataclass(frozen=True)
class GradientNorms:
    """Mean over the batch of ‖∂L_b/∂h_t‖₂ at one step: an array of shape (T + 1,) a layer, t = 0..T."""

    step: int
    by_layer: Mapping[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Spectrum:
    """Singular values, in descending order, of every traced matrix, by layer and the matrix's name in it.

    Attributes:
        step: updates made so far.
        singular_values: empty for a model without a matrix.
        centre: σ*, that of the model; None where the matrices say nothing of its Jacobian.
    """

    step: int
    singular_values: Mapping[tuple[int, str], NDArray[np.float64]]
    centre: float | None = 1.0

    @property
    def margin(self) -> float | None:
        """The spectral margin: max_i |σ_i - σ*| over all matrices; None where there is none, or no σ*."""
        if self.centre is None:
            return None
        margins = [float(np.max(np.abs(sigma - self.centre))) for sigma in self.singular_values.values()]
        return max(margins, default=None)


class Observer:
    """Receives the events of a training; any method may be overridden, none has to be."""

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        """The training is about to begin (or to resume)."""

    def on_update(self, update: Update) -> None:
        """An update was made. Called thousands of times: keep it cheap."""

    def on_measurement(self, measurement: Measurement) -> None:
        """A split was measured."""

    def on_gradients(self, norms: GradientNorms) -> None:
        """Gradient norms were traced."""

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Singular values were computed."""

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        """``state`` is enough to resume bit for bit after ``step`` updates."""

    def on_end(self, status: EndStatus) -> None:
        """The session is over, and ``manifest.json`` says how it went. Only emitted for runs with a directory."""

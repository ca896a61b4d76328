"""The latest state of a training, for the displays."""

import time

from spectral_bench.tasks.task import Split
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Plan, RunIdentity, Spectrum, Update

#: Updates of a session after which its pace can be told; the first ones are slow.
_ENOUGH = 10

#: Weight of the past in the running loss: it averages over about twenty updates.
_PAST = 0.95


class TrainingState(Observer):
    """Keeps the latest events of a training.

    Attributes:
        plan: None until the training begins.
        step: updates made.
        loss: training loss, averaged over about twenty updates.
        latest: the last measurement of each split.
        best: the best validation metric so far.
        gradients: the last traced gradient norms at t = 0 and t = T, by layer.
        margin: the last spectral margin.
    """

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.step = 0
        self.loss: float | None = None
        self.latest: dict[Split, Measurement] = {}
        self.best: float | None = None
        self.gradients: dict[int, tuple[float, float]] = {}
        self.margin: float | None = None
        self._began = 0.0
        self._update_seconds = 0.0
        self._first_update: tuple[int, float] | None = None

    def on_start(self, plan: Plan, run: RunIdentity) -> None:  # noqa: ARG002
        """Begins to count the time."""
        self.plan = plan
        self.step = plan.first_step
        self._began = time.monotonic()

    def on_update(self, update: Update) -> None:
        """Keeps step, loss and time."""
        self.step = update.step
        self.loss = update.loss if self.loss is None else _PAST * self.loss + (1 - _PAST) * update.loss
        self._update_seconds += update.seconds
        if self._first_update is None:
            self._first_update = update.step, time.monotonic()

    def on_measurement(self, measurement: Measurement) -> None:
        """Keeps the measurement, and the best of the validation metric."""
        self.latest[measurement.split] = measurement
        if measurement.split == "validation" and self._known_plan().metric.better(measurement.metric, self.best):
            self.best = measurement.metric

    def on_gradients(self, norms: GradientNorms) -> None:
        """Keeps both ends of the gradient norms."""
        self.gradients = {
            layer: (float(values[0]), float(values[-1])) for layer, values in sorted(norms.by_layer.items())
        }

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Keeps the margin."""
        self.margin = spectrum.margin

    def seconds_since_start(self) -> float:
        """Time since this session began."""
        return time.monotonic() - self._began

    def seconds_left(self) -> float | None:
        """Time to the end at the pace since this session's first update, evaluations included; None: too early."""
        if self._first_update is None:
            return None
        first, at = self._first_update
        made = self.step - first
        return (
            (self._known_plan().total_steps - self.step) * (time.monotonic() - at) / made if made >= _ENOUGH else None
        )

    def samples_per_second(self) -> float | None:
        """Training sequences per second of update time; None before the first update."""
        plan = self._known_plan()
        made = self.step - plan.first_step
        return made * plan.batch_size / self._update_seconds if self._update_seconds else None

    def epoch(self) -> float | None:
        """Passes over the training data; None for generated data."""
        plan = self._known_plan()
        return self.step / plan.updates_per_epoch if plan.updates_per_epoch else None

    def _known_plan(self) -> Plan:
        if self.plan is None:
            raise RuntimeError("the training has not begun")
        return self.plan

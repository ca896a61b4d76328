"""How far a training has come, and its records: best values, and when milestones were first reached."""

from dataclasses import asdict, dataclass
from typing import Any

from spectral_bench.tasks.task import Task
from spectral_bench.training.evaluation import Evaluation

#: The baseline counts as beaten when the validation score is better by this fraction of it: on a finite validation set,
#: a model that has learnt nothing crosses the bare baseline by chance now and then.
BASELINE_MARGIN = 0.05

#: Means are of single precision: 99 of 100 come out as 0.98999998 or 0.99000001, by how they are split into batches.
_ROUNDING = 1e-6


@dataclass
class Progress:
    """Counters and records of one training; part of every checkpoint.

    Attributes:
        step: updates made.
        timed_updates: those that were not traced, for tracing is no training; where each is traced, all of them.
        update_seconds: time spent in these, without evaluation.
        wall_seconds: time since the beginning, over all sessions.
        best_step, best_validation: when and what the metric was best on the validation split.
        steps_to_beat_baseline: first measured step at which validation was better than the baseline by
            ``BASELINE_MARGIN``.
        solved_at: first measured step at which the task counted as solved on validation.
        measurements_without_improvement: validation measurements since the best one.
        not_finite: updates whose loss, gradient or state was not finite (``train.on_divergence``).
    """

    step: int = 0
    timed_updates: int = 0
    update_seconds: float = 0.0
    wall_seconds: float = 0.0
    best_step: int | None = None
    best_validation: float | None = None
    steps_to_beat_baseline: int | None = None
    solved_at: int | None = None
    measurements_without_improvement: int = 0
    not_finite: int = 0

    def record(self, task: Task[Any], validation: Evaluation) -> bool:
        """Note a validation measurement; returns whether it is the best so far."""
        if self.steps_to_beat_baseline is None and _beats_baseline(task, validation):
            self.steps_to_beat_baseline = self.step
        if self.solved_at is None and _solves(task, validation.metric):
            self.solved_at = self.step
        if task.metric.better(validation.metric, self.best_validation):
            self.best_step, self.best_validation = self.step, validation.metric
            self.measurements_without_improvement = 0
            return True
        self.measurements_without_improvement += 1
        return False

    @property
    def seconds_per_update(self) -> float | None:
        """Mean time of an update; None before the first that counts."""
        return self.update_seconds / self.timed_updates if self.timed_updates else None

    def state_dict(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state from a checkpoint; those of earlier versions have timed every update.

        Raises:
            ValueError: it has an unknown entry, or one that is not a number.
        """
        fresh = vars(Progress())
        for name, value in state.items():
            may_be_none = name in fresh and fresh[name] is None
            if name not in fresh or not (isinstance(value, int | float) or (value is None and may_be_none)):
                raise ValueError(f"{name}={value}: expected numbers for {', '.join(fresh)}")
        vars(self).update({"timed_updates": state.get("step", 0), **state})


def _beats_baseline(task: Task[Any], validation: Evaluation) -> bool:
    baseline = task.baseline
    if baseline is None:
        return False
    lower_is_better = baseline.of == "loss" or task.metric.mode == "min"
    score = validation.loss if baseline.of == "loss" else validation.metric
    if lower_is_better:
        return score < baseline.on_validation * (1.0 - BASELINE_MARGIN)
    return score > baseline.on_validation * (1.0 + BASELINE_MARGIN)


def _solves(task: Task[Any], metric: float) -> bool:
    if task.solved_at is None:
        return False
    tolerance = _ROUNDING * abs(task.solved_at)
    if task.metric.mode == "min":
        return metric <= task.solved_at + tolerance
    return metric >= task.solved_at - tolerance

"""The parts of the configuration that every run has, and the values they allow.

Defaults and explanations stand in ``conf/config.yaml`` and nowhere else; these classes hold types and ranges.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from spectral_bench.errors import InputError

#: Seeds also go to NumPy, whose generators take 32 bits.
_SEEDS = 2**32

#: More than any machine has cores; with far more, PyTorch crashes the process.
MOST_THREADS = 4096


#: Keys that earlier versions did not have, with what these did: at that value they are no part of a digest.
AS_BEFORE: Mapping[str, Any] = {
    "train.flush_denormals": False,
    "train.evaluations": 0,
    "trace.of": "all",
    "optimizer.orthogonal_lr_scale": 1.0,
    "optimizer.spectrum_lr_scale": 1.0,
}

#: Kinds of parameters whose learning rate may be scaled: ``optimizer.KIND_lr_scale``.
SCALED_KINDS = ("orthogonal", "spectrum")

#: Likewise by layer, of the node ``model``. What is idle at these values is no part of a digest, whatever it is.
MODEL_AS_BEFORE: Mapping[str, Mapping[str, Any]] = {
    "dense": {"penalise": "none", "penalty_weight": 0.001, "bound": "none", "clip_every": 1},
}

#: Dotted keys for the place of files and the length of a session: they change no number.
CHANGES_NO_NUMBER = ("data_dir", "results_dir", "train.max_minutes")

#: Dotted keys that say how a run was carried out, not what was trained: runs that differ in these alone are repetitions
#: of each other, though last digits may differ. (The evaluation batch is not, where batches continue each other.)
EXECUTION = (
    *CHANGES_NO_NUMBER,
    "device",
    "train.threads",
    "train.evaluation_batch_size",
    "train.checkpoint_every",
    "train.flush_denormals",
    "trace.every",
    "trace.gradients",
    "trace.spectrum",
)

#: Dotted keys that say how often a run was measured: the same, unless it ends when it no longer improves.
MEASURING = ("train.evaluate_every", "train.evaluations")


def _at_least(low: int, **values: int | None) -> None:
    for name, value in values.items():
        if value is not None and value < low:
            raise InputError(f"{name.replace('__', '.')}={value}: expected at least {low}.")


class OnDivergence(Enum):
    """What to do about an update whose loss, gradient or state is not finite: ``train.on_divergence``."""

    stop = "stop"
    carry_on = "continue"
    skip_update = "skip_update"


@dataclass(frozen=True)
class TrainConfig:
    """How long to train and how often to look: node ``train``."""

    steps: int | None
    epochs: int | None
    batch_size: int
    evaluate_every: int | None
    evaluations: int
    evaluation_batch_size: int
    clip_norm: float | None
    checkpoint_every: int
    flush_denormals: bool
    threads: int | None
    patience: int | None
    max_minutes: float | None
    on_divergence: OnDivergence

    def __post_init__(self) -> None:
        if self.steps is None and self.epochs is None:
            raise InputError("train.steps and train.epochs are both null: set at least one of them.")
        _at_least(
            1,
            train__steps=self.steps,
            train__epochs=self.epochs,
            train__batch_size=self.batch_size,
            train__evaluate_every=self.evaluate_every,
            train__evaluation_batch_size=self.evaluation_batch_size,
            train__checkpoint_every=self.checkpoint_every,
            train__threads=self.threads,
            train__patience=self.patience,
        )
        _at_least(0, train__evaluations=self.evaluations)
        if self.threads is not None and self.threads > MOST_THREADS:
            raise InputError(f"train.threads={self.threads}: expected at most {MOST_THREADS}.")
        if self.max_minutes is not None and self.max_minutes <= 0:
            raise InputError(f"train.max_minutes={self.max_minutes}: expected more than 0, or null for no limit.")
        if self.clip_norm is not None and self.clip_norm <= 0:
            raise InputError(f"train.clip_norm={self.clip_norm}: expected more than 0, or null not to clip.")


class TraceOf(Enum):
    """Whose gradient is traced where there is a loss at every time step: ``trace.of``."""

    last = "last"
    all = "all"


@dataclass(frozen=True)
class TraceConfig:
    """What to watch while training: node ``trace``."""

    every: int | None
    of: TraceOf
    gradients: bool
    spectrum: bool

    def __post_init__(self) -> None:
        _at_least(1, trace__every=self.every)


class ModelNode(Protocol):
    """What the configuration of every model has."""

    name: str
    layer: str

    def ineffective(self) -> tuple[str, ...]:
        """Keys that change no number of a model configured like this."""
        ...


class TaskNode(Protocol):
    """What the configuration of every task has."""

    name: str


class OptimizerNode(Protocol):
    """What the configuration of every optimizer has."""

    @property
    def name(self) -> str:
        """Which optimizer."""
        ...

    @property
    def lr(self) -> float:
        """Learning rate."""
        ...

    @property
    def orthogonal_lr_scale(self) -> float:
        """Factor of the learning rate of parameters that orthogonal matrices are made of."""
        ...

    @property
    def spectrum_lr_scale(self) -> float:
        """Factor of the learning rate of parameters that singular values are made of."""
        ...

    @property
    def lr_decay(self) -> float:
        """Factor of the learning rate after every epoch."""
        ...


@dataclass(frozen=True)
class ExperimentConfig:
    """Everything one run depends on.

    Attributes:
        model: the ``Config`` of the layer named by ``model.layer``.
        task: the ``Config`` of the task named by ``task.name``.
        optimizer: the entry of ``OPTIMIZERS`` named by ``optimizer.name``.
        train: how long to train and how often to look.
        trace: what to watch while training.
        r: the sigma radius, for models whose configuration has a key of that name (``r: ${r}`` in its yaml): a run that
            is read back holds numbers, not where they came from, and is known to have a radius by the name alone.
        seed: of the weights, the data stream and dropout.
        device: where to compute, in PyTorch's words.
        data_dir: the folder of data sets.
        results_dir: the folder of run directories.
    """

    model: ModelNode
    task: TaskNode
    optimizer: OptimizerNode
    train: TrainConfig
    trace: TraceConfig
    r: float
    seed: int
    device: str
    data_dir: Path
    results_dir: Path

    def __post_init__(self) -> None:
        if self.r < 0:
            raise InputError(f"r={self.r}: expected at least 0; r is half the width of the interval around σ*.")
        if not 0 <= self.seed < _SEEDS:
            raise InputError(f"seed={self.seed}: expected a whole number from 0 to {_SEEDS - 1}.")

    @property
    def title(self) -> str:
        """The run in a few words."""
        return f"{self.model.name} on {self.task.name}, seed {self.seed}"

    def without_effect(self) -> tuple[str, ...]:
        """Dotted keys that change no number of this run: the root's ``r`` where no model reads it, among others.

        Those that a ``Config`` calls ``unused`` are in the digest all the same, by which the runs of earlier versions
        are found.
        """
        nodes: Mapping[str, object] = {"model": self.model, "task": self.task}
        unused = (f"{name}.{key}" for name, node in nodes.items() for key in getattr(node, "unused", tuple)())
        return (*self.ineffective(), *unused)

    def ineffective(self) -> tuple[str, ...]:
        """Those of them that are in no digest."""
        idle = tuple(f"model.{key}" for key in self.model.ineffective()) + self._idle_scales()
        idle += ("train.evaluations",) if self.train.evaluate_every is not None else ()
        reads_r = getattr(self.model, "r", None) == self.r and "model.r" not in idle
        return idle if reads_r else ("r", *idle)

    def cautions(self) -> tuple[str, ...]:
        """What is allowed and seldom meant of the model, if its ``Config`` says so."""
        found: tuple[str, ...] = getattr(self.model, "cautions", tuple)()
        return found

    def _idle_scales(self) -> tuple[str, ...]:
        """Learning rates that are scaled, of parameters that the model has not."""
        has = getattr(self.model, "parameter_kinds", None)
        keys = [f"{kind}_lr_scale" for kind in SCALED_KINDS if has is not None and kind not in has]
        return tuple(f"optimizer.{key}" for key in keys if getattr(self.optimizer, key) != 1.0)

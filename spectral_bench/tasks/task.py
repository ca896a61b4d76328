"""The interface of a task: its data, loss, metric, baseline, and when it counts as solved.

Axes in names: T time, B batch, D input features, K outputs.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import torch
from torch import Tensor

from spectral_bench.config.registry import Registry
from spectral_bench.nn.model import Signature

_C = TypeVar("_C")

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Batch:
    """One batch, time first.

    Attributes:
        inputs: (T, B, D) real values, or (T, B) int64 tokens.
        targets: what the task's own loss expects: (T, B) or (B,) classes, or (B, K) values.
        continues: the sequences continue those of the previous batch, so the hidden state is carried over.
        lengths: steps of each sequence, shape (B,), where ``signature.unequal_lengths`` says that they differ; inputs
            after the end are zero. The loss is handed the prediction at each one's last step.
    """

    inputs: Tensor
    targets: Tensor
    continues: bool = False
    lengths: Tensor | None = None

    @property
    def size(self) -> int:
        """Sequences in the batch, B."""
        return self.inputs.shape[1]

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        lengths = None if self.lengths is None else self.lengths.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), self.continues, lengths)


@dataclass(frozen=True)
class Metric:
    """The number a task is judged by."""

    name: str
    mode: Literal["min", "max"]

    def better(self, candidate: float, incumbent: float | None) -> bool:
        """Whether ``candidate`` improves on ``incumbent`` (None: any number does); an infinity or NaN never does."""
        if not isfinite(candidate):
            return False
        if incumbent is None:
            return True
        return candidate < incumbent if self.mode == "min" else candidate > incumbent


@dataclass(frozen=True)
class Baseline:
    """What a memoryless predictor scores.

    Attributes:
        of: whether the scores are losses (lower is better) or values of the task's metric.
        value: the score on the test split, for the report.
        on_validation: the score on the validation split, by which a training is judged to have beaten it.
        description: how it is obtained, for the report.
    """

    of: Literal["loss", "metric"]
    value: float
    on_validation: float
    description: str


class Task(ABC, Generic[_C]):
    """A task as the training loop sees it; nothing outside this room asks which task it is.

    A subclass is registered under ``task.name`` and declares in ``Config`` the dataclass of its configuration keys; its
    constructor takes that dataclass and the folder of data sets, reads what it needs, and raises ``DataError`` or
    ``InputError``.

    Training batches are a pure function of ``(seed, step)``, so a run can resume from any step without saved
    iterators.
    """

    Config: ClassVar[type[Any]]
    signature: Signature
    metric: Metric
    baseline: Baseline | None = None
    #: Value of the metric, on the validation split, from which the task counts as solved; None: never.
    solved_at: float | None = None
    #: Whether evaluation batches continue each other: then results depend on ``train.evaluation_batch_size``.
    evaluation_continues: bool = False
    #: SHA-256 of every data file that was read, by its path relative to the data folder.
    digests: Mapping[str, str]

    @abstractmethod
    def __init__(self, config: _C, data_dir: Path) -> None: ...

    @abstractmethod
    def updates_per_epoch(self, batch_size: int) -> int | None:
        """Training batches in one pass over the training data; None when the data is generated without end."""

    @abstractmethod
    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """The batch of update ``step`` (counted from 0) of the run with this seed.

        Raises:
            InputError: the batch is larger than the training data.
        """

    @abstractmethod
    def batches(self, split: Split, batch_size: int) -> Iterator[Batch]:
        """All batches of a split, in the same order for every seed. Every task has ``validation`` and ``test``."""

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Each sequence's own loss, shape (B,). Outputs are (T, B, K) or (B, K), as ``signature`` asks."""

    def last_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Each sequence's loss at its last time step alone, shape (B,): the gradient of it is what is traced.

        As it stands, for a loss that is a mean over time steps.
        """
        return self.losses(outputs[-1:], targets[-1:]) if self.signature.every_step else self.losses(outputs, targets)

    @abstractmethod
    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Each sequence's own score, shape (B,), no gradient; ``metric_value`` turns their mean into the metric."""

    def weight(self, batch: Batch) -> float:
        """How much a batch counts in a mean over batches: by default its number of sequences."""
        return float(batch.size)

    def metric_value(self, mean_loss: float, mean_score: float) -> float:  # noqa: ARG002
        """The metric from the means over a split."""
        return mean_score


TASKS: Registry[Task[Any]] = Registry("task.name")

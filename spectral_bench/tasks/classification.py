"""Tasks that sort whole sequences into classes, from data that fits in memory."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from spectral_bench.errors import InputError
from spectral_bench.nn.model import Signature
from spectral_bench.tasks.random_streams import training_stream
from spectral_bench.tasks.task import Baseline, Batch, Metric, Split, Task


class Labelled(NamedTuple):
    """Sequences and their classes.

    Attributes:
        values: (N, L) or, with several features, (N, L, D): uint8 for fractions of 255, or float32.
        classes: (N,) int64.
        steps: time steps of each sequence, (N,) int64, where they differ; values after the end are zero.
    """

    values: Tensor
    classes: Tensor
    steps: Tensor | None = None


_C = TypeVar("_C")


class ClassificationTask(Task[_C], Generic[_C]):
    """A task that reads a sequence, some values a time step, and names its class at its end.

    An epoch visits every training sequence once, in an order drawn from (seed, epoch); its last batch may be smaller.
    """

    metric = Metric("accuracy", "max")

    def _set_data(self, splits: Mapping[Split, Labelled], values_per_step: int, num_classes: int) -> None:
        """To be called by the constructor of a subclass.

        Args:
            splits: all three; values of one L, a multiple of ``values_per_step``; all or none with ``steps``.
            values_per_step: values a time step, each of D features.
            num_classes: classes are 0..num_classes - 1.
        """
        self._splits = splits
        values, _, steps = splits["train"]
        self.signature = Signature(
            input_size=values_per_step * values[0, 0].numel(),
            output_size=num_classes,
            length=values.shape[1] // values_per_step,
            every_step=False,
            unequal_lengths=steps is not None,
        )
        majority = splits["train"].classes.bincount(minlength=num_classes).argmax()
        share = {split: (data.classes == majority).double().mean().item() for split, data in splits.items()}
        self.baseline = Baseline(
            "metric", share["test"], share["validation"], "always the most frequent training class"
        )

    def updates_per_epoch(self, batch_size: int) -> int | None:
        """Batches that visit every training sequence once."""
        return -(-len(self._splits["train"].classes) // batch_size)

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Sequences ``batch_size * k`` onwards of the order of their epoch."""
        size = len(self._splits["train"].classes)
        if batch_size > size:
            raise InputError(f"train.batch_size={batch_size}: there are only {size} training sequences.")
        epoch, index = divmod(step, -(-size // batch_size))
        order = _order(size, seed, epoch)[index * batch_size : (index + 1) * batch_size]
        return self._batch("train", torch.from_numpy(order))

    def batches(self, split: Split, batch_size: int) -> Iterator[Batch]:
        """The sequences of a split, in the order of the file."""
        size = len(self._splits[split].classes)
        for first in range(0, size, batch_size):
            yield self._batch(split, torch.arange(first, min(first + batch_size, size)))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy."""
        return cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """1 where the class is right, else 0."""
        return (outputs.detach().argmax(1) == targets).float()

    def _batch(self, split: Split, indices: Tensor) -> Batch:
        values, classes, steps = self._splits[split]
        steps_BTD = values[indices].view(len(indices), self.signature.length, self.signature.input_size)
        inputs_TBD = steps_BTD.transpose(0, 1).contiguous()
        if inputs_TBD.dtype == torch.uint8:
            inputs_TBD = inputs_TBD.float().div_(255)
        return Batch(inputs_TBD, classes[indices], lengths=None if steps is None else steps[indices])


@lru_cache(maxsize=1)  # read for every batch, changes once an epoch
def _order(size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return training_stream(seed, epoch).permutation(size)

"""What a model predicts: of one batch, and as loss and metric of a whole split."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.model import Model, State, at_last_steps
from spectral_bench.tasks.task import Batch, Split, Task


@dataclass(frozen=True)
class Evaluation:
    """Means over one split, and how long they took."""

    loss: float
    metric: float
    samples: int
    seconds: float


class RunningMean:
    """Weighted means of loss and score over batches, accumulated in double precision."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Drop everything added."""
        self.loss = self.score = self.weight = 0.0
        self.samples = 0

    def add(self, loss: float, score: float, weight: float, samples: int) -> None:
        """Add one batch, given its mean loss and mean score."""
        self.loss += weight * loss
        self.score += weight * score
        self.weight += weight
        self.samples += samples

    def means(self) -> tuple[float, float]:
        """Mean loss and mean score over the added batches; NaN if there are none."""
        if self.weight == 0.0:
            return float("nan"), float("nan")
        return self.loss / self.weight, self.score / self.weight

    def state_dict(self) -> dict[str, float]:
        """The state for a checkpoint."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restore the state from a checkpoint."""
        vars(self).update(state)


def predict(
    model: Model, batch: Batch, carried: State | None, trace: GradientTrace | None = None
) -> tuple[Tensor, State]:
    """What a model answers to a batch, as its task's loss takes it, and the state it ends in.

    Args:
        model: of the task.
        batch: the batch.
        carried: the state that the batch before ended in; used if this one continues it.
        trace: where the backward pass writes gradient norms.
    """
    outputs, state = model(batch.inputs, carried if batch.continues else None, trace)
    if batch.lengths is not None and outputs.ndim == 3:  # else the model predicted once, of the padded sequence
        outputs = at_last_steps(outputs, batch.lengths)
    return outputs, state


@torch.no_grad()
def evaluate(model: Model, task: Task[Any], split: Split, batch_size: int, device: torch.device) -> Evaluation:
    """Run the model over a whole split, without dropout, carrying states where the task's batches continue."""
    start = time.perf_counter()
    was_training = model.training
    model.eval()
    mean = RunningMean()
    state = None
    for batch in task.batches(split, batch_size):
        batch = batch.to(device)
        outputs, state = predict(model, batch, state)
        losses = task.losses(outputs, batch.targets)
        scores = task.scores(outputs, batch.targets)
        mean.add(losses.mean().item(), scores.mean().item(), task.weight(batch), batch.size)
    model.train(was_training)
    loss, score = mean.means()
    return Evaluation(loss, task.metric_value(loss, score), mean.samples, time.perf_counter() - start)

"""How a training may end."""

from dataclasses import dataclass
from typing import Literal

from spectral_bench.errors import SpectralBenchError
from spectral_bench.training.evaluation import Evaluation
from spectral_bench.training.progress import Progress

Reason = Literal["finished", "no improvement"]


class DivergedError(SpectralBenchError):
    """The loss, the gradient, a state or the weights are no longer finite.

    A validation or test loss may be: no update depends on it. It is written as it is, and is never the best one.
    """

    def __init__(self, step: int, quantity: str, value: float) -> None:
        super().__init__(f"diverged at step {step}: the {quantity} is {value}")
        self.step = step
        self.quantity = quantity


@dataclass(frozen=True)
class Outcome:
    """What a finished training has to say.

    Attributes:
        reason: whether all updates were made, or ``train.patience`` ran out.
        progress: counters, firsts and bests.
        train: loss and metric, means over the updates between the last two measurements.
        validation, test: of the weights at the end.
        test_at_best: of the weights that were best on validation.
    """

    reason: Reason
    progress: Progress
    train: tuple[float, float]
    validation: Evaluation
    test: Evaluation
    test_at_best: Evaluation

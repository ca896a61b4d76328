"""How a training came to its end."""

from dataclasses import dataclass
from typing import Literal

from spectral_bench.training.evaluation import Evaluation
from spectral_bench.training.progress import Progress

Reason = Literal["finished", "no improvement"]


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

"""The result of a finished training."""

from dataclasses import dataclass
from typing import Literal

from spectral_bench.training.evaluation import Evaluation
from spectral_bench.training.progress import Progress

Reason = Literal["finished", "no improvement"]


@dataclass(frozen=True)
class Outcome:
    """The result of a finished training.

    Attributes:
        reason: why it ended: all updates were made, or ``train.patience`` ran out.
        progress: its counters and records.
        test: of the weights at the end.
        test_at_best: of the weights that were best on validation.
    """

    reason: Reason
    progress: Progress
    test: Evaluation
    test_at_best: Evaluation

"""The addition task: add the two marked numbers of a sequence (Hochreiter & Schmidhuber, 1997)."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectral_bench.errors import InputError
from spectral_bench.nn.model import Signature
from spectral_bench.tasks.generated import GeneratedTask
from spectral_bench.tasks.task import TASKS, Baseline, Batch, Metric


class Marks(Enum):
    """Where the two marks may stand.

    ``one_per_half``: one in each half, as in the code of the uRNN, of Vorontsov et al. and of Spectral-RNN;
    ``anywhere``: two distinct positions in the whole sequence, as in the TCN code.
    """

    one_per_half = "one_per_half"
    anywhere = "anywhere"


@dataclass
class AdditionConfig:
    """Keys of ``task=addition``; see ``conf/task/addition.yaml``."""

    name: str
    length: int
    marks: Marks
    validation_size: int
    test_size: int


class Sums(NamedTuple):
    """Sequences in compact form: values (T, B), and the two marked positions (2, B)."""

    values: NDArray[np.float32]
    positions: NDArray[np.int64]


@TASKS.register("addition")
class AdditionTask(GeneratedTask[AdditionConfig, Sums]):
    """Add two of ``config.length`` numbers drawn from U[0, 1).

    Input features: the number, and 1 where it is marked. The target is the sum of the two marked numbers, the loss and
    the metric its squared error. Always answering 1 scores the variance of that sum, 2/12. Solved below 0.05, the
    criterion of Keller et al. (Wave-RNN, ICLR 2024), whose step counts it makes comparable.

    Raises:
        InputError: the length is less than 2.
    """

    Config = AdditionConfig
    metric = Metric("mse", "min")
    baseline = Baseline("metric", 1 / 6, 1 / 6, "always 1, the mean of the sum: its variance 1/6")
    solved_at = 0.05

    def __init__(self, config: AdditionConfig, data_dir: Path) -> None:
        super().__init__(config, data_dir)
        if config.length < 2:
            raise InputError(f"task.length must be at least 2, not {config.length}: two numbers are marked.")
        self.signature = Signature(input_size=2, output_size=1, length=config.length, every_step=False)

    def _draw(self, rng: np.random.Generator, size: int) -> Sums:
        length = self.config.length
        values = rng.random((length, size), dtype=np.float32)
        if self.config.marks is Marks.one_per_half:
            half = length // 2
            first = rng.integers(0, half, size)
            second = rng.integers(half, length, size)
        else:
            first = rng.integers(0, length, size)
            second = (first + rng.integers(1, length, size)) % length
        return Sums(values, np.stack([first, second]))

    def _render(self, drawn: Sums, first: int, last: int) -> Batch:
        values_TB = torch.from_numpy(drawn.values[:, first:last])
        positions = torch.from_numpy(drawn.positions[:, first:last])
        marks_TB = torch.zeros_like(values_TB).scatter_(0, positions, 1.0)
        targets_BK = values_TB.gather(0, positions).sum(0).unsqueeze(1)
        return Batch(torch.stack([values_TB, marks_TB], dim=2), targets_BK)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Squared error of the sum."""
        return (outputs - targets).square().sum(1)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The same squared error."""
        return self.losses(outputs.detach(), targets)

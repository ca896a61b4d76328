"""The sizes at which a training step is timed."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Setting:
    """Sizes of one training step.

    Attributes:
        hidden_size: N.
        length: T, time steps.
        batch_size: B.
        input_size: D.
        m1, m2: reflectors of U and of V.
    """

    hidden_size: int
    length: int
    batch_size: int = 128
    input_size: int = 1
    m1: int = 16
    m2: int = 16

    def inputs(self) -> Tensor:
        """Random inputs, shape (T, B, D)."""
        return torch.randn(self.length, self.batch_size, self.input_size)

    def __str__(self) -> str:
        return f"n={self.hidden_size} T={self.length} B={self.batch_size} m1={self.m1} m2={self.m2}"


class DeepSetting(Setting):
    """Sizes of a training step of a deep network: its layers stand for the time steps."""

    def inputs(self) -> Tensor:
        """One random input a sample, shape (1, B, D)."""
        return torch.randn(1, self.batch_size, self.input_size)

    def __str__(self) -> str:
        return f"n={self.hidden_size} L={self.length} B={self.batch_size} m1={self.m1} m2={self.m2}"

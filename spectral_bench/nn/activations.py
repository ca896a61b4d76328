"""The pointwise nonlinearities of a recurrent layer, by name."""

from enum import StrEnum

import torch
from torch import Tensor, nn


class ActivationName(StrEnum):
    """The words a configuration may use."""

    leaky_relu = "leaky_relu"
    relu = "relu"
    tanh = "tanh"
    identity = "identity"
    modrelu = "modrelu"


class Activation(nn.Module):
    """A pointwise nonlinearity φ.

    Args:
        name: one of ``ActivationName``. ``modrelu`` is sign(x)·max(|x| + b, 0) with a trainable bias b for each unit,
            zero at the start (Arjovsky et al. 2016, equation 8, for real numbers).
        hidden_size: number of units, for the bias of ``modrelu``.
        leak: slope of ``leaky_relu`` for negative x, in [0, 1]: max(leak·x, x).

    Raises:
        ValueError: the name is unknown, or the leak is outside [0, 1].
    """

    bias: nn.Parameter | None

    def __init__(self, name: str, hidden_size: int, leak: float = 0.01) -> None:
        super().__init__()
        if name not in list(ActivationName):
            raise ValueError(f"unknown activation '{name}'; valid: {', '.join(ActivationName)}")
        if not 0.0 <= leak <= 1.0:
            raise ValueError(f"leak must be in [0, 1], got {leak}")
        self.name = ActivationName(name)
        self.leak = leak
        self.bias = nn.Parameter(torch.zeros(hidden_size)) if name == ActivationName.modrelu else None

    def forward(self, x: Tensor) -> Tensor:
        """φ(x), differentiable; any shape whose last axis is the hidden size."""
        match self.name:
            case ActivationName.leaky_relu:
                return torch.nn.functional.leaky_relu(x, self.leak)
            case ActivationName.relu:
                return x.relu()
            case ActivationName.tanh:
                return x.tanh()
            case ActivationName.identity:
                return x
            case ActivationName.modrelu:
                assert self.bias is not None  # noqa: S101
                return x.sign() * (x.abs() + self.bias).relu()

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return f"{self.name}, leak={self.leak}" if self.name == ActivationName.leaky_relu else str(self.name)

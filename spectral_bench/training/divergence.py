"""Detect losses, gradients, states and weights that are no longer finite."""

import math
from collections.abc import Iterable, Sequence
from typing import Self

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from spectral_bench.errors import SpectralBenchError


class DivergedError(SpectralBenchError):
    """The loss, the gradient, a state or the weights are no longer finite.

    A validation or test loss may be infinite or NaN: no update depends on it. It is recorded, and never counts as best.
    """

    @classmethod
    def at(cls, step: int, quantity: str, value: float) -> Self:
        """The error for update number ``step``, counted from 1."""
        return cls(f"diverged at step {step}: the {quantity} is {value}")


def non_finite(
    step: int, loss: float, gradient_norm: float, state: Iterable[Sequence[Tensor]] | None
) -> DivergedError | None:
    """The error for an update with a quantity that is not finite, if there is one.

    Args:
        step: number of the update, from 1.
        loss: of its batch.
        gradient_norm: before clipping.
        state: the parts of each layer's hidden state after the batch, any shape.
    """
    quantities = {"loss": loss, "gradient norm": gradient_norm}
    if state is not None:
        largest = [part.abs().max() for layer in state for part in layer]
        if largest:  # there are models without a state
            quantities["largest hidden state"] = float(torch.stack(largest).max())
    for quantity, value in quantities.items():
        if not math.isfinite(value):
            return DivergedError.at(step, quantity, value)
    return None


def check_weights(step: int, weights: Iterable[Tensor]) -> None:
    """Check that the weights after ``step`` updates are finite.

    Raises:
        DivergedError: they are not.
    """
    norm = float(get_total_norm([weight.detach() for weight in weights]))
    if not math.isfinite(norm):
        raise DivergedError.at(step, "norm of the weights", norm)


def take_step(step: int, optimizer: torch.optim.Optimizer) -> None:
    """Make update number ``step``.

    Raises:
        DivergedError: an internal factor exceeds single precision, for which PyTorch raises.
    """
    try:
        optimizer.step()
    except RuntimeError as error:
        if "without overflow" not in str(error):
            raise
        raise DivergedError.at(step, "step of the optimizer", math.inf) from error

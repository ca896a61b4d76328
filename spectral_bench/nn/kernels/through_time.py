"""Shared parts of all backward passes through time.

Axes: T time, B batch, D input, N hidden, G rows of a weight (N, or N for every gate).
"""

import torch
from torch import Tensor

from spectral_bench.nn.kernels import buffers


def direct_gradients(
    grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None, states_TBN: Tensor
) -> tuple[list[Tensor | None], Tensor]:
    """∂L/∂h_t through the layer's outputs alone.

    Args:
        grad_states_TBN: gradient of the states h_1..h_T; None if they were not used.
        grad_last_BN: gradient of the copy of h_T; None likewise.
        states_TBN: the states.

    Returns:
        An entry for each of h_0..h_{T-1}, None for zero, so that a gradient that reaches only h_T is never spread over
        the sequence; and ∂L/∂h_T.
    """
    last_BN = gradient_of_last(grad_states_TBN, grad_last_BN, states_TBN)
    if grad_states_TBN is None:
        return [None] * states_TBN.shape[0], last_BN
    return [None, *grad_states_TBN.unbind()[:-1]], last_BN


def gradient_of_last(grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None, states_TBN: Tensor) -> Tensor:
    """∂L/∂h_T, of the arguments of ``direct_gradients``."""
    if grad_states_TBN is None:
        return torch.zeros_like(states_TBN[-1]) if grad_last_BN is None else grad_last_BN
    return grad_states_TBN[-1] if grad_last_BN is None else grad_states_TBN[-1] + grad_last_BN


def product_plus(direct_BN: Tensor | None, rows_BG: Tensor, weight_GN: Tensor, out_BN: Tensor) -> None:
    """``out = rows @ weight + direct``; a ``direct`` of None counts as zero."""
    if direct_BN is None:
        torch.mm(rows_BG, weight_GN, out=out_BN)
    else:
        torch.addmm(direct_BN, rows_BG, weight_GN, out=out_BN)


def previous_states(h0_BN: Tensor, states_TBN: Tensor, first: int, last: int) -> Tensor:
    """h_{t-1} for the steps ``first <= t < last`` (t counted from 0), shape (last - first, B, N)."""
    if first > 0:
        return states_TBN[first - 1 : last - 1]
    return torch.cat((h0_BN.unsqueeze(0), states_TBN[: last - 1]))


class InputGradients:
    """Gradients of x, M and b in the inputs' part M x_t + b of the pre-activations, chunk by chunk.

    Args:
        x_TBD: the inputs.
        weight_GD: M.
        needs: which of x, M and b need a gradient; nothing is computed for the others.
    """

    def __init__(self, x_TBD: Tensor, weight_GD: Tensor, needs: tuple[bool, bool, bool]) -> None:
        self.x_TBD, self.weight_GD = x_TBD, weight_GD
        self.grad_x_TBD = buffers.sequence(x_TBD.shape, x_TBD) if needs[0] else None
        self.grad_weight_GD = torch.zeros_like(weight_GD) if needs[1] else None
        self.grad_bias_G = weight_GD.new_zeros(weight_GD.shape[0]) if needs[2] else None

    def add(self, rows: Tensor, first: int, last: int) -> None:
        """Enter the steps ``first <= t < last``, given the gradients of their pre-activations as rows (K·B, G)."""
        if self.grad_x_TBD is not None:
            torch.mm(rows, self.weight_GD, out=self.grad_x_TBD[first:last].flatten(0, 1))
        if self.grad_weight_GD is not None:
            self.grad_weight_GD.addmm_(rows.t(), self.x_TBD[first:last].flatten(0, 1))
        if self.grad_bias_G is not None:
            self.grad_bias_G.add_(rows.sum(0))

    @property
    def results(self) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """The gradients of x, M and b."""
        return self.grad_x_TBD, self.grad_weight_GD, self.grad_bias_G

"""What every backward pass through time needs: the gradients that enter from outside, and the states one step back."""

import torch
from torch import Tensor


def direct_gradients(
    grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None, states_TBN: Tensor
) -> tuple[list[Tensor | None], Tensor]:
    """∂L/∂h_t through the layer's outputs alone.

    Args:
        grad_states_TBN: gradient of the states h_1..h_T; None where nobody used them.
        grad_last_BN: gradient of the copy of h_T; None likewise.
        states_TBN: the states.

    Returns:
        An entry for each of h_0..h_{T-1}, None for zero, so that a gradient that reaches only h_T is never spread over
        the sequence; and ∂L/∂h_T.
    """
    if grad_states_TBN is None:
        last_BN = torch.zeros_like(states_TBN[-1]) if grad_last_BN is None else grad_last_BN
        return [None] * states_TBN.shape[0], last_BN
    *direct, last_BN = grad_states_TBN.unbind()
    return [None, *direct], last_BN if grad_last_BN is None else last_BN + grad_last_BN


def previous_states(h0_BN: Tensor, states_TBN: Tensor, first: int, last: int) -> Tensor:
    """h_{t-1} for the steps ``first <= t < last`` (t counted from 0), shape (last - first, B, N)."""
    if first > 0:
        return states_TBN[first - 1 : last - 1]
    return torch.cat((h0_BN.unsqueeze(0), states_TBN[: last - 1]))

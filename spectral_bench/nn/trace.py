"""Gradient norms over time, collected while the backward pass runs."""

import torch
from torch import Tensor

#: Norms inside this range can be trusted to single precision; outside, the squares they are sums of leave its range.
_SAFE = (1e-15, 1e15)


class GradientTrace:
    """Where the layers of one forward pass write the norms of their gradients during backward.

    A fresh object belongs to one forward and one backward pass:

        trace = GradientTrace()
        outputs, _ = model(inputs, trace=trace)
        loss.backward()
        trace.norms[0]  # layer 0: shape (T + 1, B)

    Attributes:
        norms: for each layer index the 2-norms ‖∂L/∂h_t[b]‖, shape (T + 1, B), t = 0 (the initial state) to T. The
            derivative is total: it counts every path from h_t to the loss L that was differentiated, through the
            recurrence as well as through the outputs. For a mean over the batch, multiply by B to get the norm of
            the sample's own loss.
    """

    def __init__(self) -> None:
        self.norms: dict[int, Tensor] = {}

    def begin(self, index: int, gradient_BN: Tensor, num_steps: int) -> Tensor:
        """Make room for a layer's norms, shape (T + 1, B), given ∂L/∂h_T, whose norm is entered."""
        norms_TB = gradient_BN.new_empty(num_steps + 1, gradient_BN.shape[0])
        write_norms(gradient_BN, norms_TB[num_steps])
        self.norms[index] = norms_TB
        return norms_TB


def write_norms(gradients: Tensor, out: Tensor) -> None:
    """2-norms over the last axis, also of gradients that have all but vanished.

    The few rows whose squares would underflow or overflow are summed again in double precision; doing so for all would
    cost as much as the backward pass itself.

    Args:
        gradients: shape (..., N).
        out: where to write, shape (...).
    """
    torch.linalg.vector_norm(gradients, dim=-1, out=out)
    unsafe = (out < _SAFE[0]) | (out > _SAFE[1])
    if unsafe.any():
        out[unsafe] = torch.linalg.vector_norm(gradients[unsafe], dim=-1, dtype=torch.float64).to(out.dtype)

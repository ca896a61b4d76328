"""Gradient norms over time, collected while the backward pass runs."""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor

_S = TypeVar("_S", Tensor, tuple[Tensor, ...])

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


def begin_norms(gradient_BN: Tensor, num_steps: int) -> Tensor:
    """Room for the norms of a layer, shape (T + 1, B), given ∂L/∂h_T, whose norm is entered."""
    norms_TB = _real(gradient_BN).new_empty(num_steps + 1, gradient_BN.shape[0])
    write_norms(gradient_BN, norms_TB[num_steps])
    return norms_TB


def write_norms(gradients: Tensor, out: Tensor) -> None:
    """2-norms over the last axis, also of gradients that have all but vanished.

    The few rows whose squares would underflow or overflow are summed again in double precision; doing so for all would
    cost as much as the backward pass itself.

    Args:
        gradients: shape (..., N), real or complex.
        out: where to write, shape (...).
    """
    torch.linalg.vector_norm(gradients, dim=-1, out=out)
    unsafe = (out < _SAFE[0]) | (out > _SAFE[1])
    if unsafe.any():
        double = torch.complex128 if gradients.is_complex() else torch.float64
        out[unsafe] = torch.linalg.vector_norm(gradients[unsafe], dim=-1, dtype=double).to(out.dtype)


def watched(state: _S) -> _S:
    """An initial state as part of the graph, so that its gradient is formed even where nobody asked for it."""
    if isinstance(state, Tensor):
        return state if state.requires_grad else state.detach().requires_grad_()
    return tuple(watched(part) for part in state)


def trace_states(trace: GradientTrace, index: int, visited: Sequence[tuple[Tensor, ...]]) -> None:
    """Have the backward pass write the norm of every visited state's gradient; one that it never reaches is zero.

    For states over time, or the layers of a deep network. Does nothing where no gradients are computed.

    Args:
        trace: where to write.
        index: the layer's number there.
        visited: the states t = 0..T as autograd knows them, each of one part or several, of shape (B, ...). The norm is
            taken over all parts.
    """
    if not torch.is_grad_enabled():
        return
    real = _real(visited[0][0])
    squares_TB = real.new_zeros(len(visited), len(real), dtype=torch.float64)
    norms_TB = real.new_zeros(len(visited), len(real))
    trace.norms[index] = norms_TB
    for t, parts in enumerate(visited):
        for part in parts:

            def record(gradient: Tensor, t: int = t) -> None:
                part_B = torch.empty_like(norms_TB[t])
                write_norms(gradient.flatten(1), part_B)
                squares_TB[t] += part_B.double().square()
                norms_TB[t] = squares_TB[t].sqrt()

            if part.requires_grad:
                part.register_hook(record)  # type: ignore[no-untyped-call]


def _real(values: Tensor) -> Tensor:
    return values.real if values.is_complex() else values

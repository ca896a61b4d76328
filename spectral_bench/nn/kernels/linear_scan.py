"""x_t = a_t ∘ x_{t-1} + b_t, linear and elementwise, many time steps at a time.

The sequence is cut into about √T pieces. All pieces are run side by side, as if each began at zero: an operation per
step of a piece. Then what each piece would have begun with is found, a piece after the other; and what comes of it, a
product of the a's times that state, is added everywhere. That is 2√T operations instead of T, each of √T times the
size, and twice the arithmetic of a loop: cheap, where a loop pays for calls. Nothing is divided and no logarithm is
taken, so that a's may be zero, negative or complex.

The gradients g_t = ∂L/∂x_t, total, obey the same equation backward in time, g_t = conj(a_{t+1}) ∘ g_{t+1} + direct_t,
and are there for every t: they are what a trace wants, exactly, and give all other gradients by products.

Axes: T time, C pieces, K time steps of a piece, B batch, N hidden.
"""

from itertools import pairwise
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from spectral_bench.nn.gradient_trace import GradientTrace, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments
from spectral_bench.nn.kernels.through_time import gradient_of_last, previous_states

#: Time steps whose products are summed at once: they stay in cache.
_SUMMED = 32


def linear_scan(
    decay: Tensor, driven_TBN: Tensor, x0_BN: Tensor, trace: GradientTrace | None = None, index: int = 0
) -> tuple[Tensor, Tensor]:
    """Run the recurrence; differentiable once in every tensor, real or complex.

    Args:
        decay: a, shape (N,) where it is the same at all times, or (T, B, N).
        driven_TBN: b, T >= 1.
        x0_BN: the initial state.
        trace: where the backward pass writes ‖∂L/∂x_t‖, t = 0..T; of complex numbers the derivative by real and
            imaginary part.
        index: the layer's number in the trace.

    Returns:
        The states x_1..x_T, shape (T, B, N), and a copy of x_T. A loss that needs only x_T should take the copy.

    Raises:
        ValueError: shapes or types do not fit.
    """
    n = driven_TBN.shape[-1]
    shape = (n,) if decay.ndim == 1 else tuple(driven_TBN.shape)
    check_arguments(driven_TBN, {"decay": (decay, shape), "x0": (x0_BN, (driven_TBN.shape[1], n))})
    states_TBN, last_BN = _LinearScan.apply(decay, driven_TBN, x0_BN, trace, index)  # type: ignore[no-untyped-call]
    return states_TBN, last_BN


class _LinearScan(Function):
    """The scan with its backward pass, a scan as well."""

    @staticmethod
    def forward(
        ctx: Any, decay: Tensor, driven_TBN: Tensor, x0_BN: Tensor, trace: GradientTrace | None, index: int
    ) -> tuple[Tensor, Tensor]:
        states_TBN = buffers.sequence(driven_TBN.shape, driven_TBN)
        states_TBN.copy_(driven_TBN)
        _accumulate_(states_TBN, decay, x0_BN)
        ctx.trace, ctx.index = trace, index
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(decay, x0_BN, states_TBN)
        return states_TBN, states_TBN[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None
    ) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        decay, x0_BN, states_TBN = ctx.saved_tensors
        gradients_TBN = buffers.sequence(states_TBN.shape, states_TBN)
        if grad_states_TBN is None:
            gradients_TBN.zero_()
        else:
            gradients_TBN.copy_(grad_states_TBN)
        gradients_TBN[-1] = gradient_of_last(grad_states_TBN, grad_last_BN, states_TBN)
        conjugate = decay.conj().resolve_conj()
        into_next = conjugate if decay.ndim == 1 else conjugate.roll(-1, dims=0)
        _accumulate_(gradients_TBN, into_next, torch.zeros_like(x0_BN), backward=True)
        grad_x0_BN = gradients_TBN[0] * (conjugate if decay.ndim == 1 else conjugate[0])
        if ctx.trace is not None:
            norms_TB = states_TBN.real.new_empty(len(states_TBN) + 1, len(x0_BN))
            write_norms(norms_TB[0], grad_x0_BN)
            write_norms(norms_TB[1:], gradients_TBN)
            ctx.trace.norms[ctx.index] = norms_TB
        grad_decay = _of_decay(decay, x0_BN, states_TBN, gradients_TBN) if ctx.needs_input_grad[0] else None
        return grad_decay, gradients_TBN, grad_x0_BN, None, None


def _accumulate_(values_TBN: Tensor, decay: Tensor, begin_BN: Tensor, *, backward: bool = False) -> None:
    """From b_t to x_t, in place; ``backward``: x_t = a_t ∘ x_{t+1} + b_t, from the last to the first."""
    num_steps = len(values_TBN)
    a = decay.expand(num_steps, 1, -1) if decay.ndim == 1 else decay
    pieces = isqrt(num_steps)
    size, rest = divmod(num_steps, pieces)
    whole = slice(rest, None) if backward else slice(num_steps - rest)
    values_CKBN = values_TBN[whole].unflatten(0, (pieces, size))  # type: ignore[no-untyped-call]
    a_CK = a[whole].unflatten(0, (pieces, size))  # type: ignore[no-untyped-call]
    if decay.ndim == 1:
        a_CK = a_CK[:1]  # all pieces have the same products

    direction = -1 if backward else 1
    steps = range(size)[::direction]
    reach_CK = torch.empty_like(a_CK, memory_format=torch.contiguous_format)
    reach_CK[:, steps[0]] = a_CK[:, steps[0]]
    for before, k in pairwise(steps):
        values_CKBN[:, k].addcmul_(a_CK[:, k], values_CKBN[:, before])
        torch.mul(a_CK[:, k], reach_CK[:, before], out=reach_CK[:, k])

    begins_CBN = values_TBN.new_empty(pieces, *begin_BN.shape)
    through_C = reach_CK[:, steps[-1]].expand(pieces, -1, -1)
    h_BN = begin_BN
    for c in range(pieces)[::direction]:
        begins_CBN[c] = h_BN
        h_BN = torch.addcmul(values_CKBN[c, steps[-1]], through_C[c], h_BN)
    values_CKBN.addcmul_(reach_CK, begins_CBN.unsqueeze(1))
    for t in range(rest - 1, -1, -1) if backward else range(num_steps - rest, num_steps):
        values_TBN[t].addcmul_(a[t], values_TBN[t - direction])


def _of_decay(decay: Tensor, x0_BN: Tensor, states_TBN: Tensor, gradients_TBN: Tensor) -> Tensor:
    """∂L/∂a: g_t ∘ conj(x_{t-1}), summed over time and batch where a is the same at all times."""
    if decay.ndim > 1:
        return gradients_TBN * torch.cat((x0_BN.unsqueeze(0), states_TBN[:-1])).conj()
    total_N = torch.zeros_like(decay)
    for first in range(0, len(states_TBN), _SUMMED):
        last = min(first + _SUMMED, len(states_TBN))
        previous_KBN = previous_states(x0_BN, states_TBN, first, last)
        total_N += torch.linalg.vecdot(previous_KBN.flatten(0, 1), gradients_TBN[first:last].flatten(0, 1), dim=0)
    return total_N

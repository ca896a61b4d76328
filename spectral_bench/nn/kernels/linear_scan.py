"""x_t = a_t ∘ x_{t-1} + b_t, linear and elementwise, many time steps at a time.

The sequence is cut into about √T pieces. All pieces are run side by side, as if each began at zero: an operation per
step of a piece. Then what each piece would have begun with is found, a piece after the other; and what comes of it, a
product of the a's times that state, is added everywhere. That is 2√T operations instead of T, each of √T times the
size, and twice the arithmetic of a loop: cheap, where a loop pays for calls. Where the states of one step are enough to
keep an operation busy, it pays for memory instead, and there is one piece. Nothing is divided and no logarithm is
taken, so that a's may be zero, negative or complex.

The gradients g_t = ∂L/∂x_t, total, obey the same equation backward in time, g_t = conj(a_{t+1}) ∘ g_{t+1} + direct_t,
and are there for every t: they are what a trace wants, exactly, and give all other gradients by products.

Axes: T time, C pieces, K time steps of a piece, B batch, N hidden.
"""

from math import isqrt

import torch
from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments, or_empty
from spectral_bench.nn.kernels.library import Recurrence, custom_op
from spectral_bench.nn.kernels.through_time import gradient_of_last, previous_states

#: Real numbers in the states of one time step from which on there is one piece.
_ENOUGH = 2**14


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
    states_TBN, last_BN = _RECURRENCE(decay, driven_TBN, x0_BN, trace=trace, layer=index)
    return states_TBN, last_BN


@custom_op("linear_scan")
def _forward(
    decay: Tensor,
    driven_TBN: Tensor,
    x0_BN: Tensor,
    differentiable: bool,  # noqa: ARG001 (the states are all that is to be remembered)
) -> tuple[Tensor, Tensor]:
    """The states, and a copy of x_T."""
    states_TBN = buffers.sequence(driven_TBN.shape, driven_TBN)
    _accumulate(driven_TBN, decay, x0_BN, states_TBN)
    return states_TBN, states_TBN[-1].clone()


@_forward.register_fake
def _(
    decay: Tensor,  # noqa: ARG001
    driven_TBN: Tensor,
    x0_BN: Tensor,
    differentiable: bool,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    return driven_TBN.new_empty(driven_TBN.shape), driven_TBN.new_empty(x0_BN.shape)


@custom_op("linear_scan_backward")
def _backward(
    grad_states_TBN: Tensor | None,
    grad_last_BN: Tensor | None,
    decay: Tensor,
    driven_TBN: Tensor | None,  # noqa: ARG001 (it is forgotten)
    x0_BN: Tensor,
    states_TBN: Tensor,
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the three tensors, and the norms."""
    direct_TBN = states_TBN.new_zeros(()).expand_as(states_TBN) if grad_states_TBN is None else grad_states_TBN
    gradients_TBN = buffers.sequence(states_TBN.shape, states_TBN)
    gradients_TBN[-1] = gradient_of_last(grad_states_TBN, grad_last_BN, states_TBN)
    conjugate = decay.conj_physical()
    into_next = conjugate if decay.ndim == 1 else conjugate[1:]
    _accumulate(direct_TBN[:-1], into_next, gradients_TBN[-1], gradients_TBN[:-1], backward=True)
    grad_x0_BN = gradients_TBN[0] * (conjugate if decay.ndim == 1 else conjugate[0])
    norms_TB = None
    if traced:
        norms_TB = states_TBN.real.new_empty(len(states_TBN) + 1, len(x0_BN))
        write_norms(norms_TB[0], grad_x0_BN)
        write_norms(norms_TB[1:], gradients_TBN)
    grad_decay = _of_decay(decay, x0_BN, states_TBN, gradients_TBN) if needs[0] else None
    # The other two are there anyhow: x is what its gradient runs along, and the norms begin with that of x_0.
    return or_empty(grad_decay, states_TBN), gradients_TBN, grad_x0_BN, or_empty(norms_TB, states_TBN.real)


@_backward.register_fake
def _(
    grad_states_TBN: Tensor | None,  # noqa: ARG001
    grad_last_BN: Tensor | None,  # noqa: ARG001
    decay: Tensor,
    driven_TBN: Tensor | None,  # noqa: ARG001
    x0_BN: Tensor,
    states_TBN: Tensor,
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    num_steps, batch_size, _ = states_TBN.shape
    return (
        states_TBN.new_empty(decay.shape if needs[0] else 0),
        states_TBN.new_empty(states_TBN.shape),
        states_TBN.new_empty(x0_BN.shape),
        states_TBN.real.new_empty((num_steps + 1, batch_size) if traced else 0),
    )


_RECURRENCE = Recurrence(_forward, _backward, num_tensors=3, num_outputs=2, forgotten=(1,))


def _accumulate(
    driven_TBN: Tensor, decay: Tensor, begin_BN: Tensor, out_TBN: Tensor, *, backward: bool = False
) -> None:
    """Write x_t, given b_t and what is before x_1; ``backward``: x_t = a_t ∘ x_{t+1} + b_t, given what is after x_T."""
    num_steps, direction = len(driven_TBN), -1 if backward else 1
    a = decay.expand(num_steps, 1, -1) if decay.ndim == 1 else decay
    numbers = begin_BN.numel() * (2 if begin_BN.is_complex() else 1)
    pieces = isqrt(num_steps) if numbers < _ENOUGH else 0
    rest = num_steps % pieces if pieces else num_steps
    whole = num_steps - rest
    in_pieces, after = (slice(rest, None), slice(rest)) if backward else (slice(whole), slice(whole, None))
    if pieces:
        driven_CKBN, a_CK, out_CKBN = (
            values[in_pieces].unflatten(0, (pieces, whole // pieces))  # type: ignore[no-untyped-call]
            for values in (driven_TBN, a, out_TBN)
        )
        begin_BN = _side_by_side(driven_CKBN, a_CK, out_CKBN, begin_BN, direction)
    _step_by_step(driven_TBN[after], a[after], begin_BN, out_TBN[after], direction)


def _side_by_side(driven_CKBN: Tensor, a_CK: Tensor, out_CKBN: Tensor, begin_BN: Tensor, direction: int) -> Tensor:
    """Write the states of all pieces; returns the last."""
    if a_CK.stride(0) == 0:
        a_CK = a_CK[:1]  # all pieces have the same products
    reach_CK = torch.empty_like(a_CK, memory_format=torch.contiguous_format)
    driven, a, out, reach = (values.unbind(1)[::direction] for values in (driven_CKBN, a_CK, out_CKBN, reach_CK))
    out[0].copy_(driven[0])
    reach[0].copy_(a[0])
    for k in range(1, len(a)):
        torch.addcmul(driven[k], a[k], out[k - 1], out=out[k])
        torch.mul(a[k], reach[k - 1], out=reach[k])

    begins_CBN = torch.empty_like(out[-1])
    through = reach[-1].expand(len(out[-1]), -1, -1).unbind()[::direction]
    for begins_BN, through_BN, last_BN in zip(
        begins_CBN.unbind()[::direction], through, out[-1].unbind()[::direction], strict=True
    ):
        begins_BN.copy_(begin_BN)
        begin_BN = torch.addcmul(last_BN, through_BN, begin_BN)
    out_CKBN.addcmul_(reach_CK, begins_CBN.unsqueeze(1))
    return begin_BN


def _step_by_step(driven_TBN: Tensor, a: Tensor, before_BN: Tensor, out_TBN: Tensor, direction: int) -> None:
    """Write the states, each from the one before."""
    steps = (values.unbind()[::direction] for values in (driven_TBN, a, out_TBN))
    for driven_BN, a_BN, out_BN in zip(*steps, strict=True):
        before_BN = torch.addcmul(driven_BN, a_BN, before_BN, out=out_BN)


def _of_decay(decay: Tensor, x0_BN: Tensor, states_TBN: Tensor, gradients_TBN: Tensor) -> Tensor:
    """∂L/∂a: g_t ∘ conj(x_{t-1}), summed over time and batch where a is the same at all times.

    Conjugates are written out: compiled autograd loses the bit that would stand for them.
    """
    if decay.ndim > 1:
        return gradients_TBN * torch.cat((x0_BN.unsqueeze(0), states_TBN[:-1])).conj_physical()
    total_N = torch.zeros_like(decay)
    for first, last in buffers.chunks(*states_TBN.shape):
        previous_KBN = previous_states(x0_BN, states_TBN, first, last)
        total_N += (previous_KBN.conj_physical() * gradients_TBN[first:last]).sum((0, 1))
    return total_N

"""Gradient norms over time, collected while the backward pass runs."""

from collections.abc import Sequence
from functools import partial, reduce
from typing import TypeVar

import torch
from torch import Tensor
from torch.autograd.graph import register_multi_grad_hook

from spectral_bench.nn.torch_internals import has_values

_S = TypeVar("_S", Tensor, tuple[Tensor, ...])

#: Norms inside this range can be trusted to single precision; outside, the squares they are sums of leave its range.
_SAFE = (1e-15, 1e15)


class GradientTrace:
    """Where the layers of one forward pass write the norms of their gradients during backward.

    A fresh object belongs to one forward pass, and holds the norms of the last backward pass through it:

        trace = GradientTrace()
        outputs, _ = model(inputs, trace=trace)
        loss.backward()
        trace.norms[0]  # layer 0: shape (T + 1, B)

    Attributes:
        norms: for each layer index the 2-norms ‖∂L/∂h_t[b]‖, shape (T + 1, B), t = 0 (the initial state) to T. h_t is
            all that step t hands on to step t + 1: of an LSTM the pair (h_t, c_t), whose norm is that of both gradients
            together. The derivative is total: it counts every path from h_t to the loss L that was differentiated,
            through the recurrence as well as through the outputs. Parts of a state are variables of their own: the
            path from c_t to h_t within step t counts for h_t alone. For a mean over the batch, multiply by B to get the
            norm of the sample's own loss.
        starts: initial states that nothing but the trace wants the gradient of. ``backward()`` reaches them by itself;
            ``torch.autograd.grad`` computes the gradient of what it is handed, and has to be handed these as well.
    """

    def __init__(self) -> None:
        self.norms: dict[int, Tensor] = {}
        self.starts: list[Tensor] = []


def begin_norms(num_steps: int, *parts_BN: Tensor) -> Tensor:
    """Room for the norms of a layer, shape (T + 1, B), given ∂L/∂h_T in its parts, whose norm is entered."""
    norms_TB = parts_BN[0].new_empty(num_steps + 1, parts_BN[0].shape[0])
    write_norms(norms_TB[num_steps], *parts_BN)
    return norms_TB


def write_norms(out: Tensor, *parts: Tensor) -> None:
    """2-norms over the last axis of all parts together, also of gradients that have all but vanished.

    Args:
        out: where to write, shape (...).
        parts: of the gradients, each of shape (..., N), real or complex.
    """
    _write_norms(out, parts[0])
    for part in parts[1:]:
        norms = torch.empty_like(out)
        _write_norms(norms, part)
        torch.hypot(out, norms, out=out)


def _write_norms(out: Tensor, gradients: Tensor) -> None:
    """2-norms over the last axis.

    The few rows whose squares would underflow or overflow are summed again in double precision; doing so for all would
    cost as much as the backward pass itself.
    """
    torch.linalg.vector_norm(gradients, dim=-1, out=out)
    unsafe = (out < _SAFE[0]) | (out > _SAFE[1])
    if unsafe.any():
        double = torch.complex128 if gradients.is_complex() else torch.float64
        out[unsafe] = torch.linalg.vector_norm(gradients[unsafe], dim=-1, dtype=double).to(out.dtype)


def watched(state: _S) -> _S:
    """A state for a trace to watch: of the same values, and each part a tensor of its own.

    Autograd knows a state by its tensor. One tensor in two states, or in two parts of one, would count every path for
    both; and the gradient of an initial state is not formed unless somebody asks for it.
    """
    if isinstance(state, Tensor):
        if state.requires_grad:
            return state.view_as(state)
        return state.detach().requires_grad_() if _differentiable(state) else state
    return tuple(watched(part) for part in state)


def trace_states(trace: GradientTrace, index: int, visited: Sequence[tuple[Tensor, ...]]) -> None:
    """Have the backward pass write the norm of every visited state's gradient; one that it never reaches is zero.

    For states over time, or the layers of a deep network. Does nothing where no gradients are computed.

    Args:
        trace: where to write.
        index: the layer's number there.
        visited: the states t = 0..T as autograd knows them, each of one part or several, of shape (B, ...). The norm is
            taken over all parts; integers and booleans, which have no gradient, are passed over. Parts may be of
            different precision: the norms have the widest, and at least float32.

    Raises:
        ValueError: one tensor stands in two places; autograd could not tell the paths through them apart.
    """
    if not torch.is_grad_enabled():
        return
    states = [[part for part in parts if _differentiable(part)] for parts in visited]
    _check_distinct(states)
    every_part = [part for parts in states for part in parts]
    if not every_part:
        return
    precision = reduce(torch.promote_types, (_real(part).dtype for part in every_part), torch.float32)
    most_parts = max(map(len, states))
    recording = _Recording(
        every_part[0].new_zeros(len(states), most_parts, len(every_part[0]), dtype=torch.float64),
        every_part[0].new_zeros(len(states), len(every_part[0]), dtype=precision),
    )
    trace.norms[index] = recording.norms_TB
    register_multi_grad_hook(every_part, recording.begin, mode="any")
    for t, parts in enumerate(states):
        for place, part in enumerate(parts):
            if part.requires_grad and part.is_leaf:
                trace.starts.append(part)
            if part.requires_grad:
                part.register_hook(partial(recording.enter, t, place))  # type: ignore[no-untyped-call]


class _Recording:
    """The norms of one layer while a backward pass writes them; a second pass begins anew.

    Args:
        squares_TPB: of the norm of every part of every state.
        norms_TB: of every state, over its parts.
    """

    def __init__(self, squares_TPB: Tensor, norms_TB: Tensor) -> None:
        self.squares_TPB, self.norms_TB = squares_TPB, norms_TB

    def begin(self, _: Tensor) -> None:
        """Begin anew: a backward pass has reached the first of the states."""
        self.squares_TPB.zero_()
        self.norms_TB.zero_()

    def enter(self, t: int, place: int, gradient: Tensor) -> None:
        """Enter the gradient of one part of a state; a batched one (``torch.func``) has no values to enter."""
        if not has_values(gradient):
            return
        with torch.no_grad():  # the gradient itself may be differentiated
            self._enter(t, place, gradient)

    def _enter(self, t: int, place: int, gradient: Tensor) -> None:
        norm_B = torch.empty_like(self.norms_TB[t])
        widened = gradient.to(torch.promote_types(gradient.dtype, norm_B.dtype))
        write_norms(norm_B, widened.reshape(len(norm_B), -1))
        self.squares_TPB[t, place] = norm_B.double().square()
        self.norms_TB[t] = self.squares_TPB[t].sum(dim=0).sqrt()


def _check_distinct(states: Sequence[Sequence[Tensor]]) -> None:
    first: dict[int, int] = {}
    for t, parts in enumerate(states):
        for part in parts:
            if id(part) in first:
                raise ValueError(
                    f"state {t} holds a tensor that state {first[id(part)]} holds, too, so that their gradients cannot "
                    "be told apart; pass on tensor.view_as(tensor) instead"
                )
            first[id(part)] = t


def _differentiable(values: Tensor) -> bool:
    return values.is_floating_point() or values.is_complex()


def _real(values: Tensor) -> Tensor:
    return values.real if values.is_complex() else values

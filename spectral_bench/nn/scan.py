"""A time loop for authors: one step as plain PyTorch becomes a recurrence, differentiated by autograd and traced.

The hand-written recurrences of ``nn.kernels`` are its fast twins, and are tested against it.

Axes: T time, B batch, D input, N hidden.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace, trace_states, watched

_S = TypeVar("_S", Tensor, tuple[Tensor, ...])


def scan(
    step: Callable[[Tensor, _S], _S],
    x_TBD: Tensor,
    state: _S,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, _S]:
    """Apply ``step`` to every time step of a sequence.

        def step(x_BD, h_BN):
            return torch.tanh(x_BD @ M.T + h_BN @ W.T + b)

        states_TBN, h_BN = scan(step, x_TBD, h0_BN, trace)

    Args:
        step: from the inputs at one time step and the state to the next state, any differentiable operations; the state
            is a tensor, or a tuple of tensors (position and velocity, h and c), real or complex, batch first. A part
            may be passed on as it is (``return new, h``).
        x_TBD: inputs, T >= 1.
        state: the initial state.
        trace: where the backward pass writes ‖∂L/∂s_t‖ for t = 0..T, s_t the whole state: of a tuple the norm over all
            its parts, for a gradient may stay alive in any of them. Of complex numbers the derivative is that by real
            and imaginary part.
        index: the layer's number in the trace.

    Returns:
        The state (of a tuple its first part) at every time step, shape (T, B, N), and the final state.

    Raises:
        ValueError: there is no time step; or, with a trace, the step changed a state in place.
    """
    if len(x_TBD) == 0:
        raise ValueError(f"inputs must have at least one time step, got shape {tuple(x_TBD.shape)}")
    traced = trace is not None and torch.is_grad_enabled()
    current = watched(state) if traced else state
    visited = [_parts(current)]
    for x_BD in x_TBD:
        versions = [part._version for part in visited[-1]] if traced else []
        current = step(x_BD, current)
        if traced:
            if versions != [part._version for part in visited[-1]]:
                raise ValueError(
                    "the step changed the state it was given in place: a traced state has to stay as it is"
                )
            current = watched(current)
        visited.append(_parts(current))
    if trace is not None:
        trace_states(trace, index, visited)
    return torch.stack([parts[0] for parts in visited[1:]]), current


def _parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state

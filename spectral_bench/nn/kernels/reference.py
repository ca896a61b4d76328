"""The recurrences written plainly, differentiated by autograd: what the kernels are tested against.

Axes: T time, B batch, D input, N hidden. States are h_1..h_T; h_0 is an argument.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spectral_bench.nn.kernels.operators import Operator, apply
from spectral_bench.nn.trace import GradientTrace


def reference_recurrence(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    operator: Operator,
    activation: Callable[[Tensor], Tensor],
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor]:
    """h_t = φ(W h_{t-1} + M x_t + b); returns the states (T, B, N) and h_T."""
    h, states = _watched(h0_BN, trace), []
    initial = h
    for x in x_TBD:
        h = activation(apply(operator, h) + x @ input_weight_ND.T + bias_N)
        states.append(h)
    _trace(trace, index, [initial, *states])
    return torch.stack(states), h


def reference_lstm(
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory; weights hold the rows of the gates o, i, f, g; returns the states (T, B, N), h_T, c_T."""
    h, c, states = _watched(h0_BN, trace), c0_BN, []
    initial = h
    for x in x_TBD:
        gates = x @ input_weight.T + h @ hidden_weight.T + bias
        o, i, f, g = gates.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    _trace(trace, index, [initial, *states])
    return torch.stack(states), h, c


def reference_gru(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent unit; weights hold the rows of r, z, n; returns the states (T, B, N) and h_T.

    The reset gate acts after the product, as in ``torch.nn.GRU``: n = tanh(M x + b + r·(W h + candidate_bias)).
    """
    h, states = _watched(h0_BN, trace), []
    initial = h
    for x in x_TBD:
        inputs_r, inputs_z, inputs_n = (x @ input_weight.T + bias).chunk(3, dim=1)
        hidden_r, hidden_z, hidden_n = (h @ hidden_weight.T).chunk(3, dim=1)
        r, z = (inputs_r + hidden_r).sigmoid(), (inputs_z + hidden_z).sigmoid()
        n = (inputs_n + r * (hidden_n + candidate_bias)).tanh()
        h = n + z * (h - n)
        states.append(h)
    _trace(trace, index, [initial, *states])
    return torch.stack(states), h


def _watched(h0_BN: Tensor, trace: GradientTrace | None) -> Tensor:
    """h_0 as part of the graph, so that its gradient is computed even if it is not requested."""
    if trace is None or h0_BN.requires_grad:
        return h0_BN
    return h0_BN.detach().requires_grad_()


def _trace(trace: GradientTrace | None, index: int, states: Sequence[Tensor]) -> None:
    if trace is None or not torch.is_grad_enabled():
        return
    norms = torch.zeros(len(states), states[0].shape[0], dtype=states[0].dtype, device=states[0].device)
    trace.norms[index] = norms
    for t, state in enumerate(states):

        def record(gradient: Tensor, t: int = t) -> None:
            norms[t] = gradient.norm(dim=1)

        state.register_hook(record)  # type: ignore[no-untyped-call]

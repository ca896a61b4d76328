"""The recurrences written plainly, differentiated by autograd: what the kernels are tested against.

Axes: T time, B batch, D input, N hidden. States are h_1..h_T; h_0 is an argument.
"""

from collections.abc import Callable

from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.operators import Operator, apply
from spectral_bench.nn.scan import scan


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

    def step(x_BD: Tensor, h_BN: Tensor) -> Tensor:
        return activation(apply(operator, h_BN) + x_BD @ input_weight_ND.T + bias_N)

    return scan(step, x_TBD, h0_BN, trace, index)


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

    def step(x_BD: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h_BN, c_BN = state
        o, i, f, g = (x_BD @ input_weight.T + h_BN @ hidden_weight.T + bias).chunk(4, dim=1)
        c_BN = f.sigmoid() * c_BN + i.sigmoid() * g.tanh()
        return o.sigmoid() * c_BN.tanh(), c_BN

    states_TBN, (h_BN, c_BN) = scan(step, x_TBD, (h0_BN, c0_BN), trace, index)
    return states_TBN, h_BN, c_BN


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

    def step(x_BD: Tensor, h_BN: Tensor) -> Tensor:
        inputs_r, inputs_z, inputs_n = (x_BD @ input_weight.T + bias).chunk(3, dim=1)
        hidden_r, hidden_z, hidden_n = (h_BN @ hidden_weight.T).chunk(3, dim=1)
        r, z = (inputs_r + hidden_r).sigmoid(), (inputs_z + hidden_z).sigmoid()
        n = (inputs_n + r * (hidden_n + candidate_bias)).tanh()
        return n + z * (h_BN - n)

    return scan(step, x_TBD, h0_BN, trace, index)

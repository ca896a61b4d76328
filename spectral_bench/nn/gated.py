"""LSTM and GRU: the same face as the recurrent layer, their own recurrences."""

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.gru import gru
from spectral_bench.nn.kernels.lstm import lstm
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.recurrent import initial_state


class GatedLayer(Layer):
    """What LSTM and GRU share: one input matrix and one recurrent matrix that hold the rows of all gates.

    Input weights start from the uniform distribution of Glorot and Bengio (2010), each gate's recurrent matrix
    orthogonal, biases at zero unless said otherwise.

    Raises:
        ValueError: a size is less than 1.
    """

    gates: tuple[str, ...]
    one_operator = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = len(self.gates) * hidden_size
        self.input_weight = nn.Parameter(torch.empty(rows, input_size))
        self.hidden_weight = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias = nn.Parameter(torch.zeros(rows))
        for weight in self.input_weight.chunk(len(self.gates)):
            nn.init.xavier_uniform_(weight)
        for weight in self.hidden_weight.chunk(len(self.gates)):
            nn.init.orthogonal_(weight)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """The recurrent matrix of each gate, detached, shape (N, N)."""
        return dict(zip(self.gates, self.hidden_weight.detach().chunk(len(self.gates)), strict=True))


class LSTMLayer(GatedLayer):
    """Long short-term memory without peepholes, the variant of ``torch.nn.LSTM``.

    Args:
        input_size: D.
        hidden_size: N.
        forget_bias: where the bias of the forget gate starts.
        learn_h0: whether h_0 and c_0 are trained (they start at zero either way).
    """

    gates = ("o", "i", "f", "g")

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, learn_h0: bool = False) -> None:
        super().__init__(input_size, hidden_size)
        self.h0 = nn.Parameter(torch.zeros(hidden_size)) if learn_h0 else None
        self.c0 = nn.Parameter(torch.zeros(hidden_size)) if learn_h0 else None
        with torch.no_grad():
            self.bias[2 * hidden_size : 3 * hidden_size] = forget_bias

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``RecurrentLayer.forward``, with state ``(h, c)``; the trace is of both."""
        batch_size = x_TBD.shape[1]
        like = self.bias[: self.hidden_size]
        if state is None:
            state = (initial_state(self.h0, batch_size, like), initial_state(self.c0, batch_size, like))
        h0_BN, c0_BN = state
        states_TBN, h_BN, c_BN = lstm(
            x_TBD, h0_BN, c0_BN, self.input_weight, self.hidden_weight, self.bias, trace, index
        )
        return states_TBN, (h_BN, c_BN)

    def facts(self) -> LayerFacts:
        """That a state has two parts."""
        return LayerFacts(traced="(h, c)")


class GRULayer(GatedLayer):
    """Gated recurrent unit, the variant of ``torch.nn.GRU``.

    Args:
        input_size: D.
        hidden_size: N.
        learn_h0: whether h_0 is trained (it starts at zero either way).
    """

    gates = ("r", "z", "n")

    def __init__(self, input_size: int, hidden_size: int, *, learn_h0: bool = False) -> None:
        super().__init__(input_size, hidden_size)
        self.candidate_bias = nn.Parameter(torch.zeros(hidden_size))
        self.h0 = nn.Parameter(torch.zeros(hidden_size)) if learn_h0 else None

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``RecurrentLayer.forward``, with state ``(h,)``."""
        h0_BN = state[0] if state is not None else initial_state(self.h0, x_TBD.shape[1], self.candidate_bias)
        states_TBN, h_BN = gru(
            x_TBD, h0_BN, self.input_weight, self.hidden_weight, self.bias, self.candidate_bias, trace, index
        )
        return states_TBN, (h_BN,)

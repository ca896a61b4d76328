"""The recurrent layer every model but LSTM and GRU is made of: h_t = φ(W h_{t-1} + M x_t + b)."""

from enum import StrEnum

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.activations import Activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.packing import Packing, packed_recurrence
from spectral_bench.nn.kernels.recurrence import recurrence
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.transitions.transition import Transition


class InputInit(StrEnum):
    """How the input weights start."""

    normal = "normal"
    kaiming = "kaiming"
    uniform = "uniform"
    glorot = "glorot"


class RecurrentLayer(Layer):
    """One recurrent layer with an exchangeable transition.

    Args:
        input_size: D, features of one time step.
        transition: the map h -> W h; its ``hidden_size`` is N.
        activation: φ.
        bias: whether there is a b.
        learn_h0: whether h_0 is trained (it starts at zero either way).
        input_start: ``normal``: M is drawn from N(0, input_scale²), as Le et al. (2015) start the IRNN with 0.001;
            ``kaiming``: from N(0, 2/D), times ``input_scale`` (He et al. 2015);
            ``uniform``: from (-input_scale, input_scale); ``glorot``: from the uniform distribution of Glorot and
            Bengio (2010), times ``input_scale``.
        input_scale: standard deviation, half the width, or gain.

    Raises:
        ValueError: the input size is less than 1, the scale negative, or the word unknown.
    """

    one_operator = True
    bias: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        transition: Transition,
        activation: Activation,
        *,
        bias: bool = True,
        learn_h0: bool = False,
        input_start: str = InputInit.glorot,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_size("input_size", input_size)
        if input_start not in list(InputInit):
            raise ValueError(f"unknown input_start '{input_start}'; valid: {', '.join(InputInit)}")
        if not input_scale >= 0.0:
            raise ValueError(f"input_scale must be 0 or more, got {input_scale}")
        self.transition = transition
        self.activation = activation
        hidden_size = transition.hidden_size
        self.input_size, self.hidden_size = input_size, hidden_size
        self.input_weight = nn.Parameter(torch.empty(hidden_size, input_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size)) if bias else None
        self.h0 = nn.Parameter(torch.zeros(hidden_size)) if learn_h0 else None
        self.input_start, self.input_scale = input_start, input_scale
        self._start_inputs()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start anew, from torch's global generator, as when the layer was made."""
        self.transition.reset_parameters()
        self._start_inputs()
        for parameter in (self.bias, self.h0, self.activation.bias):
            if parameter is not None:
                parameter.zero_()

    @torch.no_grad()
    def _start_inputs(self) -> None:
        # Drawn in the default precision, wherever the parameter lives: a seed then means the same weights.
        drawn = torch.empty(self.input_weight.shape)
        if self.input_start == InputInit.normal:
            nn.init.normal_(drawn, std=self.input_scale)
        elif self.input_start == InputInit.kaiming:
            nn.init.normal_(drawn, std=self.input_scale * (2.0 / self.input_size) ** 0.5)
        elif self.input_start == InputInit.uniform:
            nn.init.uniform_(drawn, -self.input_scale, self.input_scale)
        else:
            nn.init.xavier_uniform_(drawn, gain=self.input_scale)
        self.input_weight.copy_(drawn)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
        packing: Packing | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``; the state is ``(h,)``, h of shape (B, N).

        With a ``packing``, inputs and outputs are the rows of packed sequences, shapes (S, D) and (S, N), and the
        states are in the packed order.
        """
        batch_size = x_TBD.shape[1] if packing is None else packing.blocks[0][1]
        bias_N = self.input_weight.new_zeros(self.hidden_size) if self.bias is None else self.bias
        h0_BN = state[0] if state is not None else initial_state(self.h0, batch_size, bias_N)
        weights = self.input_weight, bias_N, self.transition.operator(batch_size), self.activation
        if packing is None:
            states_TBN, h_BN = recurrence(x_TBD, h0_BN, *weights, trace, index)
        else:
            states_TBN, h_BN = packed_recurrence(x_TBD, packing, h0_BN, *weights, trace, index)
        return states_TBN, (h_BN,)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """W under the name "", detached, shape (N, N)."""
        with torch.no_grad():
            return {"": self.transition.weight().detach()}

    def facts(self) -> LayerFacts:
        """The bounds of the transition, and the slopes of the activation."""
        return LayerFacts(self.transition.sigma_bounds(), self.transition.centre, self.activation.slopes)


def initial_state(learned_N: Tensor | None, batch_size: int, like: Tensor) -> Tensor:
    """h_0 for a batch: the learned one in every row, or zeros; shape (B, N)."""
    if learned_N is not None:
        return learned_N.expand(batch_size, -1)
    return like.new_zeros(batch_size, like.shape[-1])

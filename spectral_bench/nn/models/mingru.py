"""The gated unit whose gate does not see the state: ``mingru`` (Feng et al., 2024)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.linear_scan import linear_scan
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig


class MinGRULayer(Layer):
    """h_t = (1 - z_t) ∘ h_{t-1} + z_t ∘ g(W_h x_t + b_h),  z_t = sigmoid(W_z x_t + b_z).

    g(a) is a + 1/2 for a >= 0 and sigmoid(a) elsewhere, so that states are positive, as in the paper, which runs the
    recurrence on their logarithms. Here it runs on the states themselves (``linear_scan``), which is as exact. Weights
    and biases start as those of ``torch.nn.Linear``, as in the authors' code; h_0 is zero, there it is trained.

    Args:
        input_size: D.
        hidden_size: N.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.hidden_size = hidden_size
        self.inputs = nn.Linear(input_size, 2 * hidden_size)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (h,)."""
        candidate_TBN, gate_TBN = self.inputs(x_TBD).to(self.inputs.weight.dtype).chunk(2, dim=2)
        (h0_BN,) = state or (candidate_TBN.new_zeros(candidate_TBN.shape[1:]),)
        driven_TBN = torch.sigmoid(gate_TBN) * positive(candidate_TBN)
        states_TBN, h_BN = self.recurrence(torch.sigmoid(-gate_TBN), driven_TBN, h0_BN, trace, index)
        return states_TBN, (h_BN,)

    def recurrence(
        self, decay: Tensor, driven_TBN: Tensor, h0_BN: Tensor, trace: GradientTrace | None, index: int
    ) -> tuple[Tensor, Tensor]:
        """What ``linear_scan`` is given, and returns."""
        return linear_scan(decay, driven_TBN, h0_BN, trace, index)


def positive(a: Tensor) -> Tensor:
    """g: the identity plus a half above zero, the sigmoid below; continuous, and positive everywhere."""
    return torch.where(a >= 0, a + 0.5, torch.sigmoid(a))


@dataclass
class MinGRUConfig(LayerConfig):
    """What ``mingru`` can be configured with: what every stack of layers has."""

    parameter_kinds = ()


@MODELS.register("mingru")
class MinGRUArchitecture(LayerArchitecture[MinGRUConfig]):
    """Layers of minimal gated recurrent units."""

    Config = MinGRUConfig

    @classmethod
    def build_layer(cls, config: MinGRUConfig, input_size: int) -> MinGRULayer:
        """A layer of units."""
        return MinGRULayer(input_size, config.hidden_size)

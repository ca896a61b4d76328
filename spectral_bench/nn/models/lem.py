"""Long expressive memory: ``lem`` (Rusch, Mishra, Erichson and Mahoney, 2022)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig
from spectral_bench.nn.scan import scan


class LEMLayer(Layer):
    """Two states that relax at rates of their own, Δ_1 and Δ_2, up to Δt; the output is y.

        Δ_i = Δt sigmoid(W_i y + V_i x_t + b_i),  i = 1, 2
        z_t = (1 - Δ_2) ∘ z + Δ_2 ∘ tanh(W_z y + V_z x_t + b_z)
        y_t = (1 - Δ_1) ∘ y + Δ_1 ∘ tanh(W_y z_t + V_y x_t + b_y)

    Weights and biases start uniformly in ±1/√N. As in the authors' code there are two biases for every equation, one
    beside the inputs' weights and one beside the states'.

    Args:
        input_size: D.
        hidden_size: N.
        dt: Δt.
    """

    def __init__(self, input_size: int, hidden_size: int, *, dt: float) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.hidden_size, self.dt = hidden_size, dt
        self.inputs = nn.Linear(input_size, 4 * hidden_size)  # rows of Δ_1, Δ_2, z, y
        self.from_y = nn.Linear(hidden_size, 3 * hidden_size)  # rows of Δ_1, Δ_2, z
        self.from_z = nn.Linear(hidden_size, hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (y, z); the trace holds the norm over both."""
        rows_TBG = self.inputs(x_TBD)

        def step(rows_BG: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            y, z = state
            of_rates, of_z, of_y = rows_BG.tensor_split((2 * self.hidden_size, 3 * self.hidden_size), dim=1)
            rates, target_z = self.from_y(y).tensor_split((2 * self.hidden_size,), dim=1)
            rate_y, rate_z = (self.dt * torch.sigmoid(of_rates + rates)).chunk(2, dim=1)
            z = torch.lerp(z, torch.tanh(of_z + target_z), rate_z)
            return torch.lerp(y, torch.tanh(of_y + self.from_z(z)), rate_y), z

        if state is None:
            zero = rows_TBG.new_zeros(x_TBD.shape[1], self.hidden_size)
            state = zero, zero
        return scan(step, rows_TBG, state, trace, index)

    def facts(self) -> LayerFacts:
        """The state is of two parts."""
        return LayerFacts(traced="(y, z)")

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """W_1, W_2, W_z and W_y, detached, shape (N, N) each."""
        rate_y, rate_z, z = self.from_y.weight.detach().chunk(3)
        return {"rate_y": rate_y, "rate_z": rate_z, "z": z, "y": self.from_z.weight.detach()}


@dataclass
class LEMConfig(LayerConfig):
    """What ``lem`` can be configured with."""

    parameter_kinds = ()

    dt: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("dt")


@MODELS.register("lem")
class LEMArchitecture(LayerArchitecture[LEMConfig]):
    """Layers of long expressive memory."""

    Config = LEMConfig

    @classmethod
    def build_layer(cls, config: LEMConfig, input_size: int) -> LEMLayer:
        """A layer."""
        return LEMLayer(input_size, config.hidden_size, dt=config.dt)

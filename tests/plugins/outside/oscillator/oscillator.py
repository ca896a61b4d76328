"""A network of coupled oscillators, second order in time: coRNN (Rusch and Mishra, 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn import MODELS, GradientTrace, Layer, LayerArchitecture, LayerConfig, scan


class OscillatorLayer(Layer):
    """z' = tanh(W y + V z + M x + b) - γ y - ε z, y' = z, by one implicit-explicit Euler step."""

    def __init__(self, input_size: int, hidden_size: int, dt: float, gamma: float, epsilon: float) -> None:
        super().__init__()
        self.hidden_size, self.dt, self.gamma, self.epsilon = hidden_size, dt, gamma, epsilon
        self.inputs = nn.Linear(input_size, hidden_size)
        self.states = nn.Linear(2 * hidden_size, hidden_size, bias=False)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        def step(x_BN: Tensor, yz: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            y, z = yz
            force = torch.tanh(self.states(torch.cat(yz, dim=1)) + x_BN) - self.gamma * y - self.epsilon * z
            z = z + self.dt * force
            return y + self.dt * z, z

        zero = x_TBD.new_zeros(x_TBD.shape[1], self.hidden_size)
        return scan(step, self.inputs(x_TBD), state or (zero, zero), trace, index)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        position, velocity = self.states.weight.detach().chunk(2, dim=1)
        return {"position": position, "velocity": velocity}


@dataclass
class OscillatorConfig(LayerConfig):
    dt: float
    gamma: float
    epsilon: float


@MODELS.register("oscillator")
class OscillatorArchitecture(LayerArchitecture[OscillatorConfig]):
    Config = OscillatorConfig

    @classmethod
    def build_layer(cls, config: OscillatorConfig, input_size: int) -> OscillatorLayer:
        return OscillatorLayer(input_size, config.hidden_size, config.dt, config.gamma, config.epsilon)

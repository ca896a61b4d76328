"""A model of your own, without touching the package: coupled oscillators, coRNN (Rusch and Mishra, 2021).

    spectral-bench run --plugin examples/plugin_model.py task=addition model=oscillator

Its defaults stand in ``conf/model/oscillator.yaml`` beside this file. One step is plain PyTorch; ``scan`` makes it a
recurrence, and traces the gradient of the whole state: position and velocity.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn import MODELS, GradientTrace, Layer, LayerArchitecture, LayerConfig, scan


class OscillatorLayer(Layer):
    """y'' = tanh(W y + V y' + M x + b) - γ y - ε y', by one implicit-explicit Euler step of size dt."""

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
        """Positions at every time step, and the final position and velocity."""

        def step(x_BN: Tensor, yz: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            y, z = yz
            force = torch.tanh(self.states(torch.cat(yz, dim=1)) + x_BN) - self.gamma * y - self.epsilon * z
            z = z + self.dt * force
            return y + self.dt * z, z

        zero = x_TBD.new_zeros(x_TBD.shape[1], self.hidden_size)
        return scan(step, self.inputs(x_TBD), state or (zero, zero), trace, index)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """W and V, whose singular values are recorded."""
        position, velocity = self.states.weight.detach().chunk(2, dim=1)
        return {"position": position, "velocity": velocity}


@dataclass
class OscillatorConfig(LayerConfig):
    """The keys of ``oscillator.yaml`` beside those of every recurrent layer."""

    dt: float
    gamma: float
    epsilon: float


@MODELS.register("oscillator")
class OscillatorArchitecture(LayerArchitecture[OscillatorConfig]):
    """What ``layer: oscillator`` in a yaml file stands for."""

    Config = OscillatorConfig

    @classmethod
    def build_layer(cls, config: OscillatorConfig, input_size: int) -> OscillatorLayer:
        """One layer; the package stacks them, and adds embedding and readout."""
        return OscillatorLayer(input_size, config.hidden_size, config.dt, config.gamma, config.epsilon)

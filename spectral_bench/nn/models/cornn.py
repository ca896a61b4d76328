"""Coupled oscillators: ``cornn`` (Rusch and Mishra, 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.errors import InputError
from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig
from spectral_bench.nn.scan import scan


class CoRNNLayer(Layer):
    """z_t = z + Δt (tanh(W [x_t, z, y] + b) - γ y - ε z),  y_t = y + Δt z_t; the output is y.

    The second-order equation y'' = tanh(W_y y + W_z y' + V x + b) - γ y - ε y', discretised implicitly in y and
    explicitly in the rest, as in the authors' code. W and b start as those of ``torch.nn.Linear``.

    Args:
        input_size: D.
        hidden_size: N.
        dt: Δt.
        gamma: γ, the oscillators' stiffness.
        epsilon: ε, their damping.
    """

    def __init__(self, input_size: int, hidden_size: int, *, dt: float, gamma: float, epsilon: float) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon
        self.force = nn.Linear(input_size + 2 * hidden_size, hidden_size)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (y, z); the trace holds the norm over both."""
        inputs, recurrent = self.force.weight[:, : self.input_size], self.force.weight[:, self.input_size :]
        pulls_TBN = nn.functional.linear(x_TBD, inputs, self.force.bias)

        def step(pull_BN: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            y, z = state
            force = torch.tanh(pull_BN + torch.cat((z, y), dim=1) @ recurrent.T)
            z = z + self.dt * (force - self.gamma * y - self.epsilon * z)
            return y + self.dt * z, z

        if state is None:
            zero = pulls_TBN.new_zeros(x_TBD.shape[1], self.hidden_size)
            state = zero, zero
        return scan(step, pulls_TBN, state, trace, index)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """What velocity and position are multiplied with, W_z and W_y, shape (N, N) each."""
        of_z, of_y = self.force.weight.detach()[:, self.input_size :].chunk(2, dim=1)
        return {"z": of_z, "y": of_y}

    def facts(self) -> LayerFacts:
        """That a state has two parts."""
        return LayerFacts(traced="(y, z)")


@dataclass
class CoRNNConfig(LayerConfig):
    """What ``cornn`` can be configured with."""

    parameter_kinds = ()

    dt: float
    gamma: float
    epsilon: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("dt")
        for key in ("gamma", "epsilon"):
            self.check_range(key, 0, None)
        # Its map has determinant 1 - Δt ε and trace 2 - Δt² γ - Δt ε: an eigenvalue leaves the unit circle, through -1,
        # where this exceeds 4.
        stiffness = self.dt**2 * self.gamma + 2 * self.dt * self.epsilon
        if stiffness > 4:
            raise InputError(
                f"model.dt={self.dt}, model.gamma={self.gamma}, model.epsilon={self.epsilon}: expected dt² gamma + "
                f"2 dt epsilon of at most 4, got {stiffness:g}: an oscillator left alone would grow beyond all bounds."
            )


@MODELS.register("cornn")
class CoRNNArchitecture(LayerArchitecture[CoRNNConfig]):
    """Layers of coupled oscillators."""

    Config = CoRNNConfig

    @classmethod
    def build_layer(cls, config: CoRNNConfig, input_size: int) -> CoRNNLayer:
        """A layer of oscillators."""
        return CoRNNLayer(input_size, config.hidden_size, dt=config.dt, gamma=config.gamma, epsilon=config.epsilon)

"""The Lipschitz recurrent network: ``lipschitz`` (Erichson, Azencot, Queiruga, Hodgkinson and Mahoney, 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig
from spectral_bench.nn.scan import scan


class LipschitzLayer(Layer):
    """h_t = h_{t-1} + ε (A h_{t-1} + tanh(W h_{t-1} + U x_t + b)).

    A and W are blends β (M - Mᵀ) + (1 - β) (M + Mᵀ) - γ I of a skew and a symmetric part, each of a matrix M of its
    own: with β = 1 every eigenvalue has real part -γ. Both M start with normal numbers of standard deviation
    start_scale / N, U by Glorot's normal distribution, b at zero.

    Args:
        input_size: D.
        hidden_size: N.
        epsilon: ε, the step of Euler's method.
        beta: β, the share of the skew part.
        gamma: γ, the damping.
        start_scale: of the matrices to start from.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, epsilon: float, beta: float, gamma: float, start_scale: float
    ) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.hidden_size, self.epsilon, self.beta, self.gamma = hidden_size, epsilon, beta, gamma
        self.inputs = nn.Linear(input_size, hidden_size)
        nn.init.xavier_normal_(self.inputs.weight)
        nn.init.zeros_(self.inputs.bias)
        self.linear_part = nn.Parameter(torch.randn(hidden_size, hidden_size) * start_scale / hidden_size)
        self.inner_part = nn.Parameter(torch.randn(hidden_size, hidden_size) * start_scale / hidden_size)

    def blend(self, m: Tensor) -> Tensor:
        """β (M - Mᵀ) + (1 - β) (M + Mᵀ) - γ I, shape (N, N)."""
        identity = torch.eye(self.hidden_size, dtype=m.dtype, device=m.device)
        return m + (1.0 - 2.0 * self.beta) * m.T - self.gamma * identity

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (h,)."""
        both = torch.cat((self.blend(self.linear_part), self.blend(self.inner_part))).T

        def step(pull_BN: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            (h,) = state
            linear, inner = (h @ both).chunk(2, dim=1)
            return (h + self.epsilon * (linear + torch.tanh(inner + pull_BN)),)

        pulls_TBN = self.inputs(x_TBD)
        zero = pulls_TBN.new_zeros(x_TBD.shape[1], self.hidden_size)
        return scan(step, pulls_TBN, state or (zero,), trace, index)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """A and W, detached, shape (N, N) each."""
        return {"A": self.blend(self.linear_part.detach()), "W": self.blend(self.inner_part.detach())}


@dataclass
class LipschitzConfig(LayerConfig):
    """What ``lipschitz`` can be configured with."""

    parameter_kinds = ()

    epsilon: float
    beta: float
    gamma: float
    start_scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("epsilon", "start_scale")
        self.check_range("beta", 0, 1)
        self.check_range("gamma", 0, None)


@MODELS.register("lipschitz")
class LipschitzArchitecture(LayerArchitecture[LipschitzConfig]):
    """Layers of Lipschitz networks."""

    Config = LipschitzConfig

    @classmethod
    def build_layer(cls, config: LipschitzConfig, input_size: int) -> LipschitzLayer:
        """A layer."""
        return LipschitzLayer(
            input_size,
            config.hidden_size,
            epsilon=config.epsilon,
            beta=config.beta,
            gamma=config.gamma,
            start_scale=config.start_scale,
        )

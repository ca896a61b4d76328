"""The recurrence whose matrix has imaginary eigenvalues: ``antisymmetric`` (Chang, Chen, Haber and Chi, 2019)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig
from spectral_bench.nn.scan import scan


class AntisymmetricLayer(Layer):
    """h_t = h_{t-1} + ε tanh(A h_{t-1} + V x_t + b),  A = M - Mᵀ - γ I.

    Gated, the step is multiplied by sigmoid(A h_{t-1} + V_z x_t + b_z), with the same A. Of M there is what A depends
    on: the differences M_ij - M_ji above the diagonal. They start as those of a matrix of normal numbers with standard
    deviation start_scale / N, the input weights with 1 / D.

    Args:
        input_size: D.
        hidden_size: N.
        epsilon: ε, the step of Euler's method.
        gamma: γ, the diffusion: without it a step of Euler's method makes the state grow.
        gated: whether there is a gate.
        start_scale: of the matrix to start from.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, epsilon: float, gamma: float, gated: bool, start_scale: float
    ) -> None:
        super().__init__()
        check_size("input_size", input_size)
        check_size("hidden_size", hidden_size)
        self.hidden_size, self.epsilon, self.gamma, self.gated = hidden_size, epsilon, gamma, gated
        differences = 2**0.5 * start_scale / hidden_size * torch.randn(hidden_size * (hidden_size - 1) // 2)
        self.above = nn.Parameter(differences)
        self.inputs = nn.Linear(input_size, (2 if gated else 1) * hidden_size)
        nn.init.normal_(self.inputs.weight, std=1.0 / input_size)
        nn.init.zeros_(self.inputs.bias)

    def matrix(self) -> Tensor:
        """A, shape (N, N), differentiable."""
        n = self.hidden_size
        rows, columns = torch.triu_indices(n, n, 1, device=self.above.device)
        upper = self.above.new_zeros(n, n).index_put((rows, columns), self.above)
        return upper - upper.T - self.gamma * torch.eye(n, dtype=upper.dtype, device=upper.device)

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``Layer.forward``, with state (h,)."""
        transposed = self.matrix().T

        def step(rows_BG: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            (h,) = state
            turned = h @ transposed
            if not self.gated:
                return (h + self.epsilon * torch.tanh(turned + rows_BG),)
            candidate, gate = rows_BG.chunk(2, dim=1)
            return (h + self.epsilon * torch.sigmoid(turned + gate) * torch.tanh(turned + candidate),)

        rows_TBG = self.inputs(x_TBD)
        zero = rows_TBG.new_zeros(x_TBD.shape[1], self.hidden_size)
        return scan(step, rows_TBG, state or (zero,), trace, index)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """A, detached: inside the activation, it is not the Jacobian of a step."""
        return {"": self.matrix().detach()}


@dataclass
class AntisymmetricConfig(LayerConfig):
    """What ``antisymmetric`` can be configured with."""

    parameter_kinds = ()

    epsilon: float
    gamma: float
    gated: bool
    start_scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_positive("epsilon", "start_scale")
        self.check_range("gamma", 0, None)


@MODELS.register("antisymmetric")
class AntisymmetricArchitecture(LayerArchitecture[AntisymmetricConfig]):
    """Layers of antisymmetric networks."""

    Config = AntisymmetricConfig

    @classmethod
    def build_layer(cls, config: AntisymmetricConfig, input_size: int) -> AntisymmetricLayer:
        """A layer."""
        return AntisymmetricLayer(
            input_size,
            config.hidden_size,
            epsilon=config.epsilon,
            gamma=config.gamma,
            gated=config.gated,
            start_scale=config.start_scale,
        )

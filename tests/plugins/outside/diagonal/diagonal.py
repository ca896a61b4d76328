"""A complex diagonal recurrence, linear in time: the core of LRU (Orvieto et al., 2023)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn import MODELS, GradientTrace, Layer, LayerArchitecture, LayerConfig, LayerFacts, scan


class DiagonalLayer(Layer):
    """h_t = λ∘h_{t-1} + B x_t, y_t = Re(C h_t), |λ| < 1 by its form."""

    def __init__(self, input_size: int, hidden_size: int, smallest: float) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        radius = torch.empty(hidden_size).uniform_(smallest, 1.0)
        self.log_decay = nn.Parameter((-radius.log()).clamp(min=1e-6).log())
        self.angle = nn.Parameter(torch.empty(hidden_size).uniform_(0.0, torch.pi / 2))
        self.inputs = nn.Parameter(torch.randn(hidden_size, input_size, dtype=torch.complex64) / input_size**0.5)
        self.outputs = nn.Parameter(torch.randn(hidden_size, hidden_size, dtype=torch.complex64) / hidden_size**0.5)

    def eigenvalues(self) -> Tensor:
        return torch.exp(torch.complex(-self.log_decay.exp(), self.angle))

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        driven = x_TBD.to(self.inputs.dtype) @ self.inputs.T
        h_BN = driven.new_zeros(driven.shape[1:]) if state is None else state[1]
        eigenvalues = self.eigenvalues()
        states, h_BN = scan(lambda x_BN, h: eigenvalues * h + x_BN, driven, h_BN, trace, index)
        outputs = (states @ self.outputs.T).real
        return outputs, (outputs[-1], h_BN)

    def singular_values(self) -> dict[str, Tensor]:
        return {"": self.eigenvalues().detach().abs().double().sort(descending=True).values}

    def facts(self) -> LayerFacts:
        return LayerFacts(sigma=(0.0, 1.0), slopes=(1.0, 1.0))


@dataclass
class DiagonalConfig(LayerConfig):
    smallest: float


@MODELS.register("complex_diagonal")
class DiagonalArchitecture(LayerArchitecture[DiagonalConfig]):
    Config = DiagonalConfig

    @classmethod
    def build_layer(cls, config: DiagonalConfig, input_size: int) -> DiagonalLayer:
        return DiagonalLayer(input_size, config.hidden_size, config.smallest)

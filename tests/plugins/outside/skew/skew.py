"""An orthogonal recurrent matrix by the Cayley transform of a skew-symmetric one (Helfrich, Willmott and Ye, 2018).

Without their diagonal of signs, so that -1 is no eigenvalue.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn import MODELS, RecurrentArchitecture, RecurrentConfig, Transition
from spectral_bench.nn.kernels.operators import Dense


class CayleyTransition(Transition):
    """W = (I + A)⁻¹ (I - A), A skew-symmetric."""

    def __init__(self, hidden_size: int, scale: float) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.upper = nn.Parameter(scale * torch.randn(hidden_size, hidden_size).triu(1))

    def weight(self) -> Tensor:
        upper = self.upper.triu(1)
        skew, identity = upper - upper.T, torch.eye(self.hidden_size, dtype=upper.dtype, device=upper.device)
        return torch.linalg.solve(identity + skew, identity - skew)

    def operator(self, batch_size: int) -> Dense:
        return Dense(self.weight())

    def sigma_bounds(self) -> tuple[float, float]:
        return 1.0, 1.0

    def structural_zeros(self) -> dict[torch.Tensor, int]:
        return {self.upper: self.hidden_size * (self.hidden_size + 1) // 2}


@dataclass
class CayleyConfig(RecurrentConfig):
    scale: float


@MODELS.register("skew")
class CayleyArchitecture(RecurrentArchitecture[CayleyConfig]):
    Config = CayleyConfig

    @classmethod
    def build_transition(cls, config: CayleyConfig) -> CayleyTransition:
        return CayleyTransition(config.hidden_size, config.scale)

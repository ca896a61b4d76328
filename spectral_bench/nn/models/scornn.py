"""The orthogonal recurrent matrix by a scaled Cayley transform: ``cayley`` (Helfrich, Willmott and Ye, 2018)."""

from dataclasses import dataclass

from spectral_bench.errors import InputError
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.layer_architecture import RecurrentArchitecture
from spectral_bench.nn.orthogonal_config import SkewConfig
from spectral_bench.nn.transitions.scaled_cayley import ScaledCayleyTransition


@dataclass
class ScaledCayleyConfig(SkewConfig):
    """What ``cayley`` can be configured with."""

    rho: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rho is not None and not 0 <= self.rho <= self.hidden_size:
            raise InputError(
                f"model.rho={self.rho}: expected 0 to model.hidden_size={self.hidden_size}, or null for half of it."
            )


@MODELS.register("cayley")
class ScaledCayleyArchitecture(RecurrentArchitecture[ScaledCayleyConfig]):
    """W = (I + A)⁻¹ (I − A) D."""

    Config = ScaledCayleyConfig

    @classmethod
    def build_transition(cls, config: ScaledCayleyConfig) -> ScaledCayleyTransition:
        """W from ``config.start``."""
        return ScaledCayleyTransition(config.hidden_size, config.rho, config.start)

"""Bounded singular values between geodesic bases: ``factorized`` (Vorontsov, Trabelsi, Kadoury and Pal, 2017)."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.svd_config import SpectrumConfig
from spectral_bench.nn.transitions.factorized import FactorizedTransition


@dataclass
class FactorizedConfig(SpectrumConfig, RecurrentConfig):
    """What ``factorized`` can be configured with."""

    start: MatrixInit


@MODELS.register("factorized")
class FactorizedArchitecture(RecurrentArchitecture[FactorizedConfig]):
    """W = U diag(σ) Vᵀ with free orthogonal bases."""

    Config = FactorizedConfig

    @classmethod
    def build_transition(cls, config: FactorizedConfig) -> FactorizedTransition:
        """W from ``config.start``."""
        return FactorizedTransition(
            config.hidden_size,
            config.sigma_map(),
            start=config.start,
            rescale_sigma_lr=config.rescales_sigma_lr(),
        )

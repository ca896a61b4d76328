"""The recurrent matrix with bounded singular values: ``svdrnn`` (Zhang, Lei and Dhillon, 2018)."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.svd_config import FactoredConfig
from spectral_bench.nn.transitions.svd_transition import SVDTransition


@dataclass
class SVDConfig(FactoredConfig, RecurrentConfig):
    """What ``svdrnn`` can be configured with."""


@MODELS.register("svd")
class SVDArchitecture(RecurrentArchitecture[SVDConfig]):
    """W = U diag(σ) Vᵀ."""

    Config = SVDConfig

    @classmethod
    def build_transition(cls, config: SVDConfig) -> SVDTransition:
        """W from ``config.start``."""
        sigma_map = config.sigma_map()
        return SVDTransition(
            config.hidden_size,
            config.m1,
            config.m2,
            r=sigma_map.radius,
            map=sigma_map.name,
            centre=sigma_map.centre,
            penalty=sigma_map.penalty,
            start=config.start,
            renormalise=config.renormalise,
            rescale_sigma_lr=config.rescales_sigma_lr(),
        )

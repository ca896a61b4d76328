"""The recurrent matrix with bounded singular values: ``svdrnn`` (Zhang, Lei and Dhillon, 2018)."""

from dataclasses import dataclass

from spectral_bench.linalg import MapName, uses_radius
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.svd_init import FactoredInit
from spectral_bench.nn.transitions.svd_transition import SVDTransition


@dataclass
class SVDConfig(RecurrentConfig):
    """What ``svdrnn`` can be configured with."""

    r: float
    m1: int
    m2: int
    map: MapName
    centre: float
    penalty: float
    start: FactoredInit
    renormalise: bool
    rescale_sigma_lr: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("r", 0, None)
        self.check_reflectors("m1", "m2")

    def ineffective(self) -> tuple[str, ...]:
        """Free singular values have no radius, fixed ones need none; what one map alone has is idle for the others."""
        idle = {
            "r": not uses_radius(self.map),
            "rescale_sigma_lr": self.map != MapName.sigmoid,
            "penalty": self.map != MapName.free and self.penalty != 0.0,
        }
        return tuple(key for key, is_idle in idle.items() if is_idle)


@MODELS.register("svd")
class SVDArchitecture(RecurrentArchitecture[SVDConfig]):
    """W = U diag(σ) Vᵀ."""

    Config = SVDConfig

    @classmethod
    def build_transition(cls, config: SVDConfig) -> SVDTransition:
        """W from ``config.start``."""
        return SVDTransition(
            config.hidden_size,
            config.m1,
            config.m2,
            r=config.r,
            map=config.map,
            centre=config.centre,
            penalty=config.penalty if config.map == MapName.free else 0.0,
            start=config.start,
            renormalise=config.renormalise,
            rescale_sigma_lr=config.rescale_sigma_lr and config.map == MapName.sigmoid,
        )

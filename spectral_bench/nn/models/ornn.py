"""The orthogonal recurrent matrix: ``ornn`` (Mhammedi et al., 2017)."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.svd_init import FactoredInit
from spectral_bench.nn.transitions.householder import HouseholderTransition


@dataclass
class HouseholderConfig(RecurrentConfig):
    """What ``ornn`` can be configured with."""

    parameter_kinds = ("orthogonal",)

    m: int
    start: FactoredInit
    renormalise: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_reflectors("m")


@MODELS.register("householder")
class HouseholderArchitecture(RecurrentArchitecture[HouseholderConfig]):
    """W a product of ``m`` reflectors."""

    Config = HouseholderConfig

    @classmethod
    def build_transition(cls, config: HouseholderConfig) -> HouseholderTransition:
        """W from ``config.start``."""
        return HouseholderTransition(config.hidden_size, config.m, start=config.start, renormalise=config.renormalise)

"""The configuration keys of every model whose matrices are U diag(σ) Vᵀ of reflectors."""

from dataclasses import dataclass

from spectral_bench.linalg import MapName, SingularMap, scales_with_radius, singular_map, uses_radius
from spectral_bench.nn.architecture import SizedConfig
from spectral_bench.nn.svd_init import FactoredInit


@dataclass
class SpectrumConfig(SizedConfig):
    """How σ is kept near its centre."""

    r: float
    map: MapName
    centre: float
    penalty: float
    rescale_sigma_lr: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("r", 0, None)
        self.check_range("penalty", 0, None)

    def ineffective(self) -> tuple[str, ...]:
        """Free singular values have no radius, fixed ones need none; what one map alone has is idle for the others."""
        idle = {
            "r": not uses_radius(self.map),
            "rescale_sigma_lr": not scales_with_radius(self.map),
            "penalty": self.map != MapName.free and self.penalty != 0.0,
        }
        return (*super().ineffective(), *(key for key, is_idle in idle.items() if is_idle))

    def sigma_map(self) -> SingularMap:
        """From the free parameters to σ; a penalty that the map has no use for is left out."""
        return singular_map(self.map, self.r, self.centre, self.penalty if self.map == MapName.free else 0.0)

    def rescales_sigma_lr(self) -> bool:
        """Whether the learning rate of the free parameters of σ is divided by 2r."""
        return self.rescale_sigma_lr and scales_with_radius(self.map)


@dataclass
class FactoredConfig(SpectrumConfig):
    """U and V are products of reflectors."""

    m1: int
    m2: int
    start: FactoredInit
    renormalise: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_reflectors("m1", "m2")

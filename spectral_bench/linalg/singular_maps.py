"""Maps from free parameters to the singular values of U diag(σ) Vᵀ, by name.

Every map takes raw = 0 to σ = centre, so weight decay on the raw values pulls towards the centre.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isinf
from typing import ClassVar

import torch
from torch import Tensor

from spectral_bench.linalg.checks import check_number, check_tensor, rounding
from spectral_bench.linalg.svd import singular_values


class MapName(StrEnum):
    """The words a configuration may use."""

    sigmoid = "sigmoid"
    tanh = "tanh"
    sin = "sin"
    clip = "clip"
    free = "free"
    fixed = "fixed"


@dataclass(frozen=True)
class SingularMap(ABC):
    """A map raw -> σ and its inverse.

    Args:
        radius: r; ``free`` does not use it.
        centre: σ*.
        penalty: λ of a loss λ ‖σ − centre‖² that holds the values of ``free`` near the centre.

    Raises:
        ValueError: the radius or the penalty is negative or not finite, or the centre is not finite.
    """

    radius: float
    centre: float = 1.0
    penalty: float = 0.0

    #: The word of the configuration.
    name: ClassVar[MapName]

    #: Whether the raw values are trained at all.
    trainable: ClassVar[bool] = True

    #: Whether the radius means anything to the map.
    uses_radius: ClassVar[bool] = True

    #: Whether a step of the raw values moves σ in proportion to the radius.
    scales_with_radius: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_number("r", self.radius, 0.0)
        check_number("centre", self.centre)
        check_number("penalty", self.penalty, 0.0)

    @property
    def reach(self) -> float:
        """The largest |σ − centre| the map can give."""
        return self.radius

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The smallest and the largest |σ| the map can give; None where there is no bound."""
        if isinf(self.reach):
            return None
        low, high = self.centre - self.reach, self.centre + self.reach
        return max(low, -high, 0.0), max(-low, high)

    def __call__(self, raw: Tensor) -> Tensor:
        """σ, the shape of ``raw``; its values are trusted, for this runs at every update.

        Raises:
            ValueError: not a tensor, or not float32 or float64.
        """
        check_tensor("raw", raw)
        return self._image(raw)

    @abstractmethod
    def _image(self, raw: Tensor) -> Tensor:
        """σ, the shape of ``raw``."""

    @abstractmethod
    def inverse(self, sigma: Tensor) -> Tensor:
        """Raw values whose image is ``sigma``, which lies in reach."""

    def raw_of(self, sigma: Tensor) -> Tensor:
        """The inverse of the map, checked.

        Raises:
            ValueError: some σ cannot be reached, or they are not float32 or float64.
        """
        check_tensor("sigma", sigma)
        beyond = (sigma - self.centre).abs() - self.reach
        if sigma.numel() and not beyond.max() <= rounding(sigma.dtype) * (abs(self.centre) + self.reach):
            worst = sigma.flatten()[beyond.argmax()].item()
            raise ValueError(
                f"singular value {worst:.6g} lies outside [{self.centre - self.reach:g}, {self.centre + self.reach:g}]"
                f" by {beyond.max().item():.2g}"
            )
        return self.inverse(sigma)

    def project(self, raw: Tensor) -> Tensor:
        """The nearest raw values with the same image whose gradient is not zero by construction."""
        return raw

    def penalty_of(self, sigma: Tensor) -> Tensor:
        """λ ‖σ − centre‖², a scalar: the soft bound of Vorontsov et al. (2017), around any centre."""
        return self.penalty * (sigma - self.centre).square().sum()

    def lr_scale(self) -> float | None:
        """1/(2r), for the learning rate of the raw values (Vorontsov et al. 2017); None at r = 0, where they are idle.

        With it the step of σ does not depend on r where that of the optimizer does not depend on the size of a gradient
        (Adam, RMSprop). With plain gradient descent it still grows with r, which is in the gradient as well.

        Raises:
            ValueError: the step does not depend on r.
        """
        if not self.scales_with_radius:
            suited = ", ".join(f"'{name}'" for name in MapName if scales_with_radius(name))
            raise ValueError(f"rescale_sigma_lr needs a map of {suited}, got map '{self.name}'")
        return 1.0 / (2.0 * self.radius) if self.radius else None


class Sigmoid(SingularMap):
    """σ = 2r (sigmoid(raw) − ½) + centre: equation (8) of Zhang, Lei and Dhillon (2018)."""

    name = MapName.sigmoid
    scales_with_radius = True

    def _image(self, raw: Tensor) -> Tensor:
        return singular_values(raw, self.radius, self.centre, check=False)

    def inverse(self, sigma: Tensor) -> Tensor:
        """2 atanh((σ − centre) / r); a σ on the very edge, where the sigmoid never arrives, goes inside by rounding."""
        return 2.0 * torch.atanh(_inside(sigma, self.centre, self.radius))


class TanhMap(SingularMap):
    """σ = centre + r tanh(raw): the sigmoid's map at twice the step, one of geotorch's (``almost_orthogonal``)."""

    name = MapName.tanh
    scales_with_radius = True

    def _image(self, raw: Tensor) -> Tensor:
        return self.centre + self.radius * torch.tanh(raw)

    def inverse(self, sigma: Tensor) -> Tensor:
        """atanh((σ − centre) / r); a σ on the very edge goes inside by rounding."""
        return torch.atanh(_inside(sigma, self.centre, self.radius))


class SineMap(SingularMap):
    """σ = centre + r sin(raw): geotorch's default for ``almost_orthogonal``.

    Not monotone: a raw value that is driven past ±π/2 comes back, where a sigmoid would saturate.
    """

    name = MapName.sin
    scales_with_radius = True

    def _image(self, raw: Tensor) -> Tensor:
        return self.centre + self.radius * torch.sin(raw)

    def inverse(self, sigma: Tensor) -> Tensor:
        """asin((σ − centre) / r), in [−π/2, π/2]; a σ on the very edge, where the slope is zero, goes inside."""
        return torch.asin(_inside(sigma, self.centre, self.radius))


class Clip(SingularMap):
    """σ = centre + clip(raw, −r, r): hard thresholding.

    Beyond ±r the gradient of a raw value is zero; ``project`` after each update puts it on the edge, where it is not.
    """

    name = MapName.clip

    def _image(self, raw: Tensor) -> Tensor:
        return self.centre + raw.clamp(-self.radius, self.radius)

    def inverse(self, sigma: Tensor) -> Tensor:
        """σ − centre."""
        return (sigma - self.centre).clamp(-self.radius, self.radius)

    def project(self, raw: Tensor) -> Tensor:
        """The raw values, clipped."""
        return raw.clamp(-self.radius, self.radius)


class Free(SingularMap):
    """σ = centre + raw, held near the centre by the penalty alone, if at all (Vorontsov et al. 2017).

    σ is as precise as the centre is: relative to σ itself only around 0.
    """

    name = MapName.free
    uses_radius = False

    @property
    def reach(self) -> float:
        """No bound."""
        return inf

    def _image(self, raw: Tensor) -> Tensor:
        return self.centre + raw

    def inverse(self, sigma: Tensor) -> Tensor:
        """σ − centre."""
        return sigma - self.centre


class Fixed(SingularMap):
    """σ = centre, not trained: orthogonal transitions, as the oRNN's."""

    name = MapName.fixed
    trainable = False
    uses_radius = False

    @property
    def reach(self) -> float:
        """Only the centre itself."""
        return 0.0

    def _image(self, raw: Tensor) -> Tensor:
        return torch.full_like(raw, self.centre)

    def inverse(self, sigma: Tensor) -> Tensor:
        """Zeros."""
        return torch.zeros_like(sigma)


_MAPS: dict[str, type[SingularMap]] = {kind.name.value: kind for kind in (Sigmoid, TanhMap, SineMap, Clip, Free, Fixed)}


def _inside(sigma: Tensor, centre: float, radius: float) -> Tensor:
    """(σ − centre) / r, kept off ±1 by rounding; zero for a radius of zero."""
    if radius == 0.0:
        return torch.zeros_like(sigma)
    edge = 1.0 - 4.0 * torch.finfo(sigma.dtype).eps
    return ((sigma - centre) / radius).clamp(-edge, edge)


def singular_map(name: str, radius: float, centre: float = 1.0, penalty: float = 0.0) -> SingularMap:
    """The map of this name.

    Raises:
        ValueError: the name is unknown, a number is out of range, or a penalty is set for a map that has none.
    """
    if name not in _MAPS:
        raise ValueError(f"unknown map '{name}'; valid: {', '.join(MapName)}")
    if penalty and name != MapName.free:
        raise ValueError(f"penalty {penalty} needs map '{MapName.free}', got map '{name}'")
    return _MAPS[name](radius, centre, penalty)


def scales_with_radius(name: str) -> bool:
    """Whether a step of the raw values of this map moves σ in proportion to the radius."""
    return _MAPS[name].scales_with_radius


def uses_radius(name: str) -> bool:
    """Whether the radius means anything to the map of this name."""
    return _MAPS[name].uses_radius

"""The range that bounds on the singular values leave to a gradient on its way back through time.

When the loss depends on h_T alone, ∂L/∂h_t = (D_{t+1} W)ᵀ ... (D_T W)ᵀ ∂L/∂h_T with D the slopes of the activation. So
‖∂L/∂h_t‖ / ‖∂L/∂h_T‖ lies between (smallest slope · smallest σ)^(T-t) and (largest slope · largest σ)^(T-t). These are
not bounds when every step has a loss, nor for a layer that has another above it: both add to the gradient on the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Smallest and largest slope of each activation; a leaky ReLU's smallest is its leak.
_SLOPES = {
    "identity": (1.0, 1.0),
    "relu": (0.0, 1.0),
    "tanh": (0.0, 1.0),
    "modrelu": (0.0, 1.0),
}

#: Tolerance of the bounds, for rounding in single precision and singular values that meet r to a few digits only.
_TOLERANCE = 0.01

#: Bounds below this are not tested: single precision does not resolve such small norms.
_SMALLEST = 1e-30


@dataclass(frozen=True)
class Envelope:
    """Bounds on the factor a gradient changes by in one step back in time.

    Attributes:
        sigma: the smallest and the largest singular value the model may have.
        slope: the smallest and the largest slope of the activation.
    """

    sigma: tuple[float, float]
    slope: tuple[float, float]

    def of_radius(self, steps_back: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper bound that many steps back, from the singular values alone: (1 ± r)^(T-t)."""
        return self.sigma[0] ** steps_back.astype(float), self.sigma[1] ** steps_back.astype(float)

    def bounds(self, steps_back: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper bound that many steps back, with the activation's slopes."""
        low, high = self.of_radius(steps_back)
        return low * self.slope[0] ** steps_back.astype(float), high * self.slope[1] ** steps_back.astype(float)

    def first_outside(self, steps: NDArray[np.integer], norms: NDArray[np.floating]) -> int | None:
        """The first traced step at which a gradient left the bounds.

        Args:
            steps: traced steps, shape (S,).
            norms: gradient norms, shape (S, T + 1), of the last layer under a loss that depends on h_T alone.
        """
        steps_back = np.arange(norms.shape[1] - 1, -1, -1)
        low, high = self.bounds(steps_back)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = norms / norms[:, -1:]
        outside = ratio > high * (1 + _TOLERANCE)
        outside |= (ratio < low * (1 - _TOLERANCE)) & (low * norms[:, -1:] > _SMALLEST)
        rows = np.flatnonzero((outside & np.isfinite(ratio)).any(axis=1))
        return int(steps[rows[0]]) if len(rows) else None


def envelope(config: Mapping[str, Any]) -> Envelope | None:
    """The envelope of a run's model; None for a model whose singular values are free.

    Args:
        config: the run's configuration under dotted keys.
    """
    sigma = allowed_singular_values(config)
    activation = str(config.get("model.activation"))
    if activation == "leaky_relu":
        slope = (float(config["model.leak"]), 1.0)
    elif activation in _SLOPES:
        slope = _SLOPES[activation]
    else:
        return None
    return None if sigma is None else Envelope(sigma, slope)


def allowed_singular_values(config: Mapping[str, Any]) -> tuple[float, float] | None:
    """The smallest and the largest singular value a run's model may have; None if they are free."""
    layer, how = config.get("model.layer"), config.get("model.map")
    if layer == "householder":
        return 1.0, 1.0
    if layer != "svd" or how == "free":
        return None
    centre = float(config["model.centre"])
    radius = 0.0 if how == "fixed" else float(config["r"])
    low, high = centre - radius, centre + radius
    return max(low, -high, 0.0), max(-low, high)  # of |σ|

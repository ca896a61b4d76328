"""The range that bounds on the singular values leave to a gradient on its way back through time.

When the loss depends on h_T alone, ∂L/∂h_t = (D_{t+1} W)ᵀ ... (D_T W)ᵀ ∂L/∂h_T with D the slopes of the activation. So
‖∂L/∂h_t‖ / ‖∂L/∂h_T‖ lies between (smallest slope · smallest σ)^(T-t) and (largest slope · largest σ)^(T-t). These are
not bounds when every step has a loss, nor for a layer that has another above it: both add to the gradient on the way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Allowed excess over the bounds: rounding in single precision, and singular values that obey r to a few digits.
_TOLERANCE = 0.01

#: No norm below this is held against a bound: single precision does not resolve it. A norm that underflows stays at the
#: smallest number there is, while its upper bound goes on falling.
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
        """Lower and upper bound after so many steps back from the singular values alone: (1 ± r)^(T-t) around 1."""
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
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = norms / norms[:, -1:]
            lowest, highest = low * norms[:, -1:], high * norms[:, -1:]
        outside = norms > np.maximum(highest, _SMALLEST) * (1 + _TOLERANCE)
        outside |= (norms < lowest * (1 - _TOLERANCE)) & (lowest > _SMALLEST)
        rows = np.flatnonzero((outside & np.isfinite(ratio)).any(axis=1))
        return int(steps[rows[0]]) if len(rows) else None


def envelope(
    sigma: tuple[float, float] | None, slopes: tuple[float, float] | None, step: tuple[float, float] | None = None
) -> Envelope | None:
    """The envelope of a model; None where its singular values are free or the slopes are unknown.

    Args:
        sigma: the smallest and the largest singular value the model promises.
        slopes: the smallest and the largest slope of its activation.
        step: the smallest and the largest factor of one step back, where that is not a singular value times a slope.
    """
    if step is not None:
        return Envelope(step, (1.0, 1.0))
    return None if sigma is None or slopes is None else Envelope(sigma, slopes)

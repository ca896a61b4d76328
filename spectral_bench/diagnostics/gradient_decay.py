"""How fast gradient norms shrink or grow over time, and the verdict on it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

GradientVerdict = Literal["vanishing", "stable", "exploding"]

#: A gradient that changes by more than this factor between t = T and t = 0 (on the fitted line) is called vanishing or
#: exploding: within it, one learning rate serves early and late time steps.
STABLE_FACTOR = 1e3

#: The smallest normal number of single precision: norms not above it have underflowed and give no rate.
FLOOR = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class GradientDecay:
    """Exponential fit ‖∂L/∂h_t‖ ∝ exp(rate · t) to the norms that have not underflowed.

    Attributes:
        rate: slope of the natural logarithm of the norm over t, per time step. Positive: the gradient vanishes on its
            way from T back to 0; negative: it explodes. None if there is nothing to fit: a norm is infinite, or
            fewer than two are above ``FLOOR``.
        verdict: ``vanishing`` or ``exploding`` when the fitted change over the whole sequence exceeds
            ``STABLE_FACTOR``, else ``stable``. Whatever the fit, ``exploding`` when a norm is infinite, and
            ``vanishing`` when the norm at t = 0 has underflowed.
    """

    rate: float | None
    verdict: GradientVerdict


def gradient_decay(norms: NDArray[np.floating]) -> GradientDecay | None:
    """Fit one layer's norms, shape (T + 1,), t = 0..T.

    Returns:
        None when a norm is NaN (and none infinite), when there are fewer than two, or when all of them are exactly zero
        (no gradient to speak of).
    """
    if np.isinf(norms).any():
        return GradientDecay(None, "exploding")
    if np.isnan(norms).any() or len(norms) < 2 or not np.any(norms > 0.0):
        return None
    t = np.flatnonzero(norms > FLOOR)
    if len(t) < 2:
        return GradientDecay(None, "vanishing")
    rate = float(np.polyfit(t.astype(np.float64), np.log(norms[t].astype(np.float64)), deg=1)[0])
    change = rate * (len(norms) - 1)
    if change > math.log(STABLE_FACTOR) or norms[0] <= FLOOR:
        return GradientDecay(rate, "vanishing")
    if change < -math.log(STABLE_FACTOR):
        return GradientDecay(rate, "exploding")
    return GradientDecay(rate, "stable")


def steepest_decay(by_layer: Mapping[int, NDArray[np.floating]]) -> GradientDecay | None:
    """The decay of the layer whose gradient changes fastest over time: a stack is as healthy as its worst layer.

    A layer without a rate changes faster than any that has one.
    """
    decays = [decay for norms in by_layer.values() if (decay := gradient_decay(norms)) is not None]
    return max(decays, key=lambda decay: math.inf if decay.rate is None else abs(decay.rate), default=None)

"""How fast gradient norms shrink or grow over time, and what to call it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["vanishing", "stable", "exploding"]

#: A gradient that changes by more than this factor between t = T and t = 0 (on the fitted line) is called vanishing or
#: exploding: within it, one learning rate serves early and late time steps.
STABLE_FACTOR = 1e3

#: Norms are floored here before the logarithm: smaller ones have underflowed single precision.
FLOOR = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class GradientDecay:
    """Exponential fit ‖∂L/∂h_t‖ ∝ exp(rate · t).

    Attributes:
        rate: slope of the natural logarithm of the norm over t, per time step. Positive: the gradient vanishes on its
            way from T back to 0; negative: it explodes.
        verdict: ``vanishing`` or ``exploding`` when the fitted change over the whole sequence exceeds
            ``STABLE_FACTOR``, else ``stable``.
    """

    rate: float
    verdict: Verdict


def gradient_decay(norms: NDArray[np.floating]) -> GradientDecay | None:
    """Fit one layer's norms, shape (T + 1,), t = 0..T.

    Returns:
        None when fewer than two norms are finite, or all of them are exactly zero (no gradient to speak of).
    """
    t = np.arange(len(norms), dtype=np.float64)
    finite = np.isfinite(norms)
    if finite.sum() < 2 or not np.any(norms[finite] > 0.0):
        return None
    log_norms = np.log(np.maximum(norms[finite].astype(np.float64), FLOOR))
    rate = float(np.polyfit(t[finite], log_norms, deg=1)[0])
    change = rate * (len(norms) - 1)
    if change > math.log(STABLE_FACTOR):
        return GradientDecay(rate, "vanishing")
    if change < -math.log(STABLE_FACTOR):
        return GradientDecay(rate, "exploding")
    return GradientDecay(rate, "stable")


def steepest_decay(by_layer: Mapping[int, NDArray[np.floating]]) -> GradientDecay | None:
    """The decay of the layer whose gradient changes fastest over time: a stack is as healthy as its worst layer."""
    decays = [decay for norms in by_layer.values() if (decay := gradient_decay(norms)) is not None]
    return max(decays, key=lambda decay: abs(decay.rate), default=None)

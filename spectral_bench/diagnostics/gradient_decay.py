"""How fast gradient norms shrink or grow over time, how much of them arrives, and the verdict on it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

#: From what arrives of too little to too much.
GradientVerdict = Literal["vanishing", "fading", "level", "growing", "exploding"]

VERDICTS: tuple[GradientVerdict, ...] = get_args(GradientVerdict)

#: A gradient that arrives at t = 0 changed by no more than this factor is level: from two thirds of it to half as much
#: again.
LEVEL_FACTOR = 1.5

#: One that has changed by more than this factor is called vanishing or exploding: within it, one learning rate serves
#: early and late time steps.
EXTREME_FACTOR = 1e3

#: The smallest normal number of single precision: norms not above it have underflowed and give no rate.
FLOOR = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class GradientDecay:
    """What becomes of a gradient on its way from T back to 0.

    Attributes:
        rate: of the exponential fit ‖∂L/∂h_t‖ ∝ exp(rate · t) to the norms that have not underflowed, per time step.
            Positive: the gradient shrinks on its way back; negative: it grows. None if there is nothing to fit: a
            norm is infinite, or fewer than two are above ``FLOOR``.
        kept: ‖∂L/∂h_0‖ / ‖∂L/∂h_T‖: the share that arrives. 0 where it has underflowed, infinite where a norm is.
        between_ends: the rate at which the first of the fitted norms would become the last: ``rate`` if they lie on one
            exponential, another where the curve bends. None where ``rate`` is.
    """

    rate: float | None
    kept: float
    between_ends: float | None = None

    @property
    def verdict(self) -> GradientVerdict:
        """What is to be thought of it: by ``kept`` alone."""
        return verdict_on(self.kept)


def verdict_on(kept: float) -> GradientVerdict:
    """The verdict on the share of a gradient that arrives at t = 0."""
    if kept < 1 / EXTREME_FACTOR:
        return "vanishing"
    if kept < 1 / LEVEL_FACTOR:
        return "fading"
    if kept <= LEVEL_FACTOR:
        return "level"
    return "growing" if kept <= EXTREME_FACTOR else "exploding"


def gradient_decay(norms: NDArray[np.floating]) -> GradientDecay | None:
    """Judge one layer's norms, shape (T + 1,), t = 0..T.

    Returns:
        None when a norm is NaN (and none infinite), when there are fewer than two, or when all of them are exactly zero
        (no gradient to speak of).
    """
    if np.isinf(norms).any():
        return GradientDecay(None, math.inf)
    if np.isnan(norms).any() or len(norms) < 2 or not np.any(norms > 0.0):
        return None
    t = np.flatnonzero(norms > FLOOR)
    if len(t) < 2:
        return GradientDecay(None, 0.0)
    values = norms[t].astype(np.float64)
    rate = float(np.polyfit(t.astype(np.float64), np.log(values), deg=1)[0])
    # Where the loss does not look at h_T itself, the latest norm there is stands for it.
    kept = float(values[0] / values[-1]) if t[0] == 0 else 0.0
    return GradientDecay(rate, kept, float(np.log(values[-1] / values[0]) / (t[-1] - t[0])))


def worst_decay(by_layer: Mapping[int, NDArray[np.floating]]) -> GradientDecay | None:
    """The decay of the layer whose gradient changes most over time: a stack is as healthy as its worst layer."""
    decays = [decay for norms in by_layer.values() if (decay := gradient_decay(norms)) is not None]
    return max(decays, key=lambda decay: _distance(decay.kept), default=None)


def gradient_fields(by_layer: Mapping[int, NDArray[np.floating]] | None) -> dict[str, float | str | None]:
    """What a summary says of gradients, of the worst layer; None for each field where there is nothing to say."""
    decay = None if by_layer is None else worst_decay(by_layer)
    return {
        "gradient_decay_rate": decay.rate if decay else None,
        "gradient_kept": decay.kept if decay and math.isfinite(decay.kept) else None,
        "gradient_verdict": decay.verdict if decay else None,
    }


def _distance(kept: float) -> float:
    """How far from level, on a logarithmic scale."""
    return abs(math.log(kept)) if kept > 0.0 else math.inf

"""A decay rate in words: ``halves every 12 steps``, ``level``, ``no steady rate``. The rule stands here alone."""

import math
from collections.abc import Set
from typing import Literal

from spectral_bench.diagnostics.gradient_decay import LEVEL_FACTOR

#: Whether a gradient changes by the same factor at every step, does not change, or does so at no rate that can be told.
Steadiness = Literal["steady", "level", "none"]


def steadiness(rate: float, interval: tuple[float, float] | None, steps: int, verdicts: Set[str]) -> Steadiness:
    """Whether a rate says what gradients do on their way back.

    Where the interval covers zero it is open whether they shrink or grow.

    Args:
        rate: per step, as in ``GradientDecay``; the mean over seeds.
        interval: its ends; None: of one seed there is none.
        steps: how many there are.
        verdicts: on what arrives: a gradient that is lost at one end has a slope near zero.
    """
    if is_level(rate, steps):
        return "level" if verdicts == {"level"} else "none"
    return "none" if interval is not None and interval[0] <= 0.0 <= interval[1] else "steady"


def decay_in_words(rate: float, kind: Steadiness, unit: str = "step") -> str:
    """What a gradient does on its way back at this rate.

    Args:
        rate: per step, as in ``GradientDecay``.
        kind: whether the rate says so.
        unit: a step.
    """
    if kind != "steady":
        return "level" if kind == "level" else "no steady rate"
    every = math.log(2) / abs(rate)
    digits = f"{every:.1f}" if every < 9.95 else f"{every:,.0f}"
    return f"{'halves' if rate > 0 else 'doubles'} every {digits} {unit}s"


def is_level(rate: float, steps: int) -> bool:
    """Whether a gradient changes by no more than ``LEVEL_FACTOR`` over all steps at this rate."""
    return abs(rate) * steps <= math.log(LEVEL_FACTOR)


def share_in_words(kept: float) -> str:
    """What arrives of a gradient, compared with what set out: ``1/30``, ``1/4,000``, ``1/2e6``, ``×12``."""
    if kept <= 0.0:
        return "0"
    if kept == math.inf:
        return "∞"
    if 1 / 1.05 < kept < 1.05:
        return "all"
    factor = kept if kept > 1 else 1 / kept
    digits = f"{factor:.0e}".replace("e+0", "e").replace("e+", "e") if factor >= 1e6 else f"{float(f'{factor:.2g}'):,g}"
    return f"×{digits}" if kept > 1 else f"1/{digits}"

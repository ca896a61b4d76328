"""A decay rate in words: ``halves every 12 steps``."""

import math

from spectral_bench.diagnostics.gradient_decay import LEVEL_FACTOR


def decay_in_words(rate: float, steps: int, unit: str = "step") -> str:
    """What a gradient does on its way back at this rate.

    Args:
        rate: per step, as in ``GradientDecay``.
        steps: how many there are.
        unit: one of them.
    """
    if is_level(rate, steps):
        return "level"
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

"""Decay in words: ``halves every 12 steps``, ``no steady rate``, ``vanishing in 2 of 3``. The rules stand only here."""

import math
from collections.abc import Mapping, Set
from typing import Literal

from spectral_bench.diagnostics.gradient_decay import LEVEL_FACTOR

#: Whether a gradient changes by the same factor at every step, does not change, or does so at no rate that can be told.
Steadiness = Literal["steady", "level", "none"]

#: Gradients keep to a rate if it makes of them what arrives: to a factor of ``LEVEL_FACTOR``, or to this share of the
#: rate. Of a gradient that loses twelve orders of magnitude, a factor of two says nothing.
STEADY_SHARE = 0.1

#: Verdicts, the worst first; of two directions alike in degree, what arrives too little of.
_WORST_FIRST = ("vanishing", "exploding", "fading", "growing", "level")


def steadiness(
    rate: float, between_ends: float, interval: tuple[float, float] | None, steps: int, verdicts: Set[str]
) -> Steadiness:
    """Whether a rate says what gradients do on their way back.

    Where the interval covers zero it is open whether they shrink or grow. Where the rate does not lead to what arrives,
    the curve bends, as that of a gradient that is lost at one end.

    Args:
        rate: per step, as in ``GradientDecay``; the mean over seeds.
        between_ends: the same between the two ends of the curve alone.
        interval: the ends of the rate's; None: of one seed there is none.
        steps: how many there are.
        verdicts: on what arrives.
    """
    if is_level(rate, steps) and verdicts == {"level"}:
        return "level"
    if interval is not None and interval[0] <= 0.0 <= interval[1]:
        return "none"
    missed = abs(rate - between_ends)
    return "steady" if is_level(missed, steps) or missed <= STEADY_SHARE * abs(rate) else "none"


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


def worst_first(verdicts: Mapping[str, int]) -> dict[str, int]:
    """How many runs have each verdict, those furthest from level first; other words last."""
    return dict(sorted(verdicts.items(), key=lambda pair: [*_WORST_FIRST, pair[0]].index(pair[0])))


def verdict_in_words(verdicts: Mapping[str, int]) -> str:
    """The verdict of all seeds, or else the worst, with how many have it: ``vanishing in 2 of 3``.

    Where gradients of some seeds shrink and those of others grow, the worst of either.

    Args:
        verdicts: how many runs have each; those with "unknown" were not judged, mostly because they traced nothing.
    """
    found = worst_first(verdicts)
    judged = {word: count for word, count in found.items() if word != "unknown"}
    if len(found) < 2 or not judged:
        return next(iter(judged), "")
    sides = ("vanishing", "fading"), ("exploding", "growing")
    worst = [next((word for word in side if word in judged), None) for side in sides]
    chosen = [word for word in judged if word in worst] or list(judged)[:1]
    others = [f"not judged in {found['unknown']}"] if "unknown" in found else []
    return ", ".join([*(f"{word} in {judged[word]} of {sum(found.values())}" for word in chosen), *others])


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

"""What arrives of a gradient: its norm relative to that at T against the steps back, and its decay, at one moment."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.compare.statistics import Estimate, estimate
from spectral_bench.diagnostics.decay_words import (
    Steadiness,
    decay_in_words,
    share_in_words,
    steadiness,
    verdict_in_words,
)
from spectral_bench.diagnostics.envelope import Envelope
from spectral_bench.diagnostics.gradient_decay import FLOOR, gradient_decay
from spectral_bench.figures.chosen_moments import ChosenMoment
from spectral_bench.figures.looks import Look
from spectral_bench.figures.series import Array, Series, geometric_mean, over_runs, unfloored
from spectral_bench.figures.traced_gradients import Traced, relative
from spectral_bench.runs.layout import AxisWords


@dataclass(frozen=True)
class Bounds:
    """An envelope to be drawn behind a curve; arrays of shape (P,).

    Attributes:
        label: of the group.
        look: of the group.
        binding: whether a gradient cannot leave them.
        centre: what the singular values are near to.
        back: steps back.
        radius: lower and upper bound from the singular values.
        slopes: lower and upper bound with the activation's slopes.
    """

    label: str
    look: Look
    binding: bool
    centre: float
    back: Array
    radius: tuple[Array, Array]
    slopes: tuple[Array, Array]


@dataclass(frozen=True)
class Decay:
    """How fast the gradient of a group decays, and what arrives of it.

    Attributes:
        label: of the group.
        look: of the group.
        rate: per step; None where there is none.
        rates: of every seed.
        kept: the share that arrives, the geometric mean over seeds; None where nothing can be said of it.
        verdicts: how many runs have each; empty where there is nothing to judge.
        steadiness: whether the rate says what the gradient does; ``none`` where there is no rate.
        rate_words: the rate: ``halves every 12 steps``.
    """

    label: str
    look: Look
    rate: Estimate | None
    rates: list[float]
    kept: float | None
    verdicts: Counter[str]
    steadiness: Steadiness
    rate_words: str

    @property
    def verdict(self) -> str:
        """The verdict of all seeds, or the worst: ``vanishing in 2 of 3``."""
        return verdict_in_words(self.verdicts) or "not judged"

    @property
    def kept_words(self) -> str:
        """``1/30 arrives``."""
        return "" if self.kept is None else f"{share_in_words(self.kept)} arrives"


@dataclass(frozen=True)
class Moment:
    """The gradients at a training step, or in the mean over training.

    Attributes:
        title: which moment.
        step: the traced one; None: several.
        curves: the relative norm against the steps back.
        bounds: what is drawn behind.
        decays: of every group with a curve.
    """

    title: str
    step: int | None
    curves: list[Series]
    bounds: list[Bounds]
    decays: list[Decay]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers."""
        moment = self.title if self.step is None else self.step
        for series in self.curves:
            yield from ({**row, "step": moment} for row in series.rows("relative", "steps_back"))
        for one in self.decays:
            rate = one.rate
            yield {
                "picture": "decay", "group": one.label, "step": moment, "mean": rate.mean if rate else None,
                "low": rate.low if rate else None, "high": rate.high if rate else None, "runs": rate.n if rate else 0,
                "kept": None if one.kept is None else unfloored(one.kept), "verdict": one.verdict,
            }  # fmt: skip


def moments(groups: Sequence[Traced], words: AxisWords, chosen: Sequence[ChosenMoment]) -> list[Moment]:
    """What arrives and how fast it decays at every chosen moment."""
    return [_moment(groups, words, one) for one in chosen]


def _moment(groups: Sequence[Traced], words: AxisWords, chosen: ChosenMoment) -> Moment:
    curves, bounds, decays = [], [], []
    for one, runs in zip(groups, chosen.norms, strict=True):
        shares = [(np.arange(len(run)), relative(run)[::-1]) for run in runs]
        series = over_runs(one.caption, one.look, shares, logarithmic=True)
        if len(series.x):
            curves.append(series)
            if one.envelope is not None:
                bounds.append(_bounds(one, one.envelope, series))
        if runs:
            decays.append(decay_of(one, runs, words))
    return Moment(chosen.title, chosen.step, curves, bounds, decays)


def decay_of(one: Traced, runs: Sequence[NDArray[np.float64]], words: AxisWords) -> Decay:
    """How fast the gradient of a group decays.

    Args:
        one: the group.
        runs: norms of each run over t, shape (T + 1,).
        words: for the places along the trace.
    """
    found = [] if one.facts.every_step else [decay for run in runs if (decay := gradient_decay(run)) is not None]
    rates = [decay.rate for decay in found if decay.rate is not None]
    rate = estimate(rates)
    shares = np.array([decay.kept for decay in found if np.isfinite(decay.kept)])
    kept = unfloored(float(geometric_mean(shares))) if len(shares) else None
    length = max((len(run) for run in runs), default=1) - 1
    unit = words.short
    verdicts: Counter[str] = Counter(decay.verdict for decay in found)
    if rate is None:
        remark = "a loss at every step was traced" if one.facts.every_step else ""
        return Decay(one.caption, one.look, None, rates, kept, verdicts, "none", remark)
    between_ends = float(np.mean([decay.between_ends for decay in found if decay.between_ends is not None]))
    kind = steadiness(rate.mean, between_ends, rate.interval, length, verdicts.keys())
    return Decay(one.caption, one.look, rate, rates, kept, verdicts, kind, decay_in_words(rate.mean, kind, unit))


def _bounds(one: Traced, allowed: Envelope, series: Series) -> Bounds:
    """From T on; where losses add up on the way, from the largest norm of the half that is nearer to T."""
    near = len(series.x) // 2 + 1
    start = 0 if one.last_step_only else int(series.mean[:near].argmax())
    back = np.arange(len(series.x) - start)
    scale = series.mean[start]
    radius, slopes = allowed.of_radius(back), allowed.bounds(back)
    return Bounds(
        one.caption,
        one.look,
        bool(one.last_step_only),
        one.facts.centre,
        series.x[start:],
        (scale * radius[0], scale * radius[1]),
        (np.maximum(scale * slopes[0], FLOOR), scale * slopes[1]),
    )

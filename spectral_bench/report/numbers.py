"""Format values for people."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta

from spectral_bench.compare.milestones import Milestone
from spectral_bench.compare.statistics import Estimate

#: Stands for a value that does not exist.
NOTHING = "-"


def number(value: float | None, digits: int = 4) -> str:
    """A measured number in a few characters: ``0.9871``, ``3.2e-05``, ``12,345``."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or min(1e3, 10.0**digits - 0.5) <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def with_interval(estimate: Estimate | None) -> str:
    """``0.9871 ±0.0012``: half the width of the interval in two digits, and of the mean the digits that it leaves.

    Tiny numbers share an exponent, ``(3.21 ±0.15)e-05``. An interval that is far smaller than the mean cuts nothing.
    """
    if estimate is None:
        return NOTHING
    mean, half = estimate.mean, estimate.half_width
    if half is None:
        return number(mean)
    larger = max(abs(mean), half)
    if not (math.isfinite(half) and half) or half < 1e-4 * larger:
        return f"{number(mean)} ±{number(half, 2)}"
    if larger < 1e-4 or larger >= 1e7:
        exponent = math.floor(math.log10(larger))
        mean, half = (value / 10.0**exponent for value in (mean, half))
        return f"({with_interval(Estimate(mean, mean - half, mean + half, estimate.n))})e{exponent:+03d}"
    # Of 0.0996 two digits are 0.10: the last place is told after rounding.
    last = 1 - math.floor(math.log10(float(f"{half:.1e}")))
    mean, half = (round(value, last) + 0.0 for value in (mean, half))  # no negative zero
    return f"{mean:,.{max(last, 0)}f} ±{half:,.{max(last, 0)}f}"


def counted(count: int, noun: str) -> str:
    """``1 run``, ``2 runs``, ``1,200 runs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def share(some: int, of_all: int) -> str:
    """``(4 of 5)`` behind a number that some seeds have; nothing where all have it."""
    return "" if some == of_all else f" ({some} of {of_all})"


def when(reached: Milestone) -> str:
    """The median step: ``≤430`` where the first look was too late to tell, ``never`` where half the seeds never did."""
    if not reached.steps:
        return "never"
    if reached.median is None:
        return f"never ({len(reached.steps)} of {reached.seeds} did)"
    return f"{'≤' if reached.at_most else ''}{reached.median:,.0f}{share(len(reached.steps), reached.seeds)}"


def tally(counts: Mapping[str, int]) -> str:
    """Counts in their order: ``1 vanishing, 2 fading``; a single kind without its count."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def interval_notes(shown: Sequence[Estimate | None]) -> list[str]:
    """Notes about intervals, where there are any."""
    sizes = {estimate.n for estimate in shown if estimate is not None}
    notes = []
    if 1 in sizes:
        notes.append("One seed: no interval.")
    if any(estimate is not None and estimate.half_width is not None for estimate in shown):
        notes.append("±: 95 % interval of Student's t over the seeds; of skewed values it covers less.")
    return notes


def worse_notes(without: int) -> list[str]:
    """A note about seeds that have no number because they did worse than any."""
    if not without:
        return []
    seeds = "1 seed" if without == 1 else f"{without} seeds"
    return [
        f"{seeds} diverged, never got there, or came to no finite value: worse than any number in order, best and "
        "ranks. Mean and interval are those of the others (k of n)."
    ]


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds: ``0:01:23``."""
    return NOTHING if seconds is None else str(timedelta(seconds=round(seconds)))

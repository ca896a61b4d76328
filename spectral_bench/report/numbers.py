"""Format values for people."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from spectral_bench.compare.statistics import ENOUGH_SEEDS, Estimate

#: Stands for a value that does not exist.
NOTHING = "-"


def number(value: float | None, digits: int = 4) -> str:
    """A measured number in a few characters: ``0.9871``, ``3.2e-05``, ``12,345``."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or 1e3 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def with_interval(estimate: Estimate | None) -> str:
    """``0.9871 ±0.0012``, with an asterisk where there are too few seeds for the interval."""
    if estimate is None:
        return NOTHING
    if estimate.half_width is None:
        return number(estimate.mean)
    mark = "*" if estimate.n < ENOUGH_SEEDS else ""
    return f"{number(estimate.mean)} ±{number(estimate.half_width, 2)}{mark}"


def tally(counts: Mapping[str, int]) -> str:
    """Counts, the most frequent first: ``2 stable, 1 vanishing``; a single kind without its count."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1]))


def interval_notes(shown: Sequence[Estimate | None]) -> list[str]:
    """Notes about intervals from few seeds."""
    sizes = {estimate.n for estimate in shown if estimate is not None}
    notes = []
    if 1 in sizes:
        notes.append("One seed: no interval.")
    if any(1 < size < ENOUGH_SEEDS for size in sizes):
        notes.append(
            f"* Fewer than {ENOUGH_SEEDS} seeds: too few for a 95 % interval; the range shown covers less (of three "
            "seeds about 75 %)."
        )
    return notes


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds: ``0:01:23``."""
    return NOTHING if seconds is None else str(timedelta(seconds=round(seconds)))

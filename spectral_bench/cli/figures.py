"""How numbers are written for people."""

from datetime import timedelta

#: Stands for a value that does not exist.
NOTHING = "-"


def number(value: float | None) -> str:
    """A number in a few characters: four significant digits, or all of a whole number (``12,345``)."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds: ``0:01:23``."""
    return NOTHING if seconds is None else str(timedelta(seconds=round(seconds)))

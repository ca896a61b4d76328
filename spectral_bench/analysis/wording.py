"""How values are written for people."""

from typing import Any

#: Stands for a value that does not exist.
NOTHING = "-"


def written(value: Any) -> str:
    """A configuration value as it would be typed: ``true``, ``null``, ``0.001``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "[" + ",".join(written(item) for item in value) + "]"
    return str(value)


def number(value: float | None, digits: int = 4) -> str:
    """A measured number in a few characters: ``0.9871``, ``3.2e-05``, ``12,345``."""
    if value is None or value != value:
        return NOTHING
    if isinstance(value, int) or (abs(value) >= 1e4 and abs(value) < 1e7):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"

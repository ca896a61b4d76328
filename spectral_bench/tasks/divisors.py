"""How a sequence of L values is cut into time steps of D values each: D divides L."""

import math

from spectral_bench.errors import InputError


def divisors(length: int) -> list[int]:
    """All divisors, ascending."""
    return [d for d in range(1, length + 1) if length % d == 0]


def largest_divisor_below_root(length: int) -> int:
    """The largest divisor that is at most the square root: 8 for 128, 1 for a prime."""
    return max(d for d in divisors(length) if d <= math.isqrt(length))


def check_divisor(key: str, value: int, length: int) -> int:
    """Return the value if it divides the length.

    Raises:
        InputError: it does not; the nearest divisors are in the message.
    """
    valid = divisors(length)
    if value in valid:
        return value
    near = sorted(valid, key=lambda d: (abs(d - value), d))[:2]
    raise InputError(
        f"{key}={value} does not divide the length of a sequence, {length}. "
        f"Nearest that do: {' and '.join(map(str, sorted(near)))}."
    )

"""Which hyperparameters a search may choose, in Hydra's grammar.

``KEY=interval(1e-4,1e-2)`` is a range of numbers, ``KEY=tag(log,interval(1e-4,1e-2))`` one in which every order of
magnitude counts alike, ``KEY=int(interval(1,8))`` whole numbers with both ends, ``KEY=range(16,129,16)`` steps, and
``KEY=a,b,c`` or ``KEY=choice(a,b,c)`` words. A list of seeds is not searched: every trial trains all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hydra.core.override_parser.types import IntervalSweep, Override

from spectral_bench.config.engine import Engine
from spectral_bench.config.grid_points import expand_grid
from spectral_bench.config.hints import short
from spectral_bench.config.overrides import parse_overrides
from spectral_bench.errors import InputError

#: The key that repeats a training instead of changing it.
_SEED = "seed"

#: Significant digits that tell any number from its neighbours.
_EXACT_DIGITS = 17

#: How far a value may be rounded, relative to its range.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class SearchedRange:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        key: the configuration key.
        low: the smallest.
        high: the largest.
        log: every order of magnitude counts alike.
        whole: only whole numbers.
    """

    key: str
    low: float
    high: float
    log: bool
    whole: bool

    def typed(self, value: float | str) -> str:
        """A chosen value as an override, with four digits, or as many as a narrow range needs."""
        return f"{self.key}={int(value) if self.whole else self._rounded(float(value))}"

    def _rounded(self, value: float) -> str:
        exact = min(max(value, self.low), self.high)
        texts = (format(exact, f".{digits}g") for digits in range(4, _EXACT_DIGITS))
        tolerance = (self.high - self.low) * _TOLERANCE
        close = (text for text in texts if abs(float(text) - exact) <= tolerance)
        return next((text for text in close if self.low <= float(text) <= self.high), repr(float(exact)))


@dataclass(frozen=True)
class SearchedWords:
    """One of several words.

    Attributes:
        key: the configuration key or group.
        words: what it may be, as typed.
    """

    key: str
    words: tuple[str, ...]

    def typed(self, value: float | str) -> str:
        """A chosen word as an override."""
        return f"{self.key}={value}"


@dataclass(frozen=True)
class SearchSpace:
    """What was typed, taken apart.

    Attributes:
        dimensions: what is chosen for every trial.
        fixed: what all trials have in common, the grid of seeds included.
    """

    dimensions: tuple[SearchedRange | SearchedWords, ...]
    fixed: tuple[str, ...]

    def overrides(self, chosen: Mapping[str, float | str]) -> list[str]:
        """What to type for a trial: ``chosen`` has a value for every key."""
        return [*self.fixed, *(one.typed(chosen[one.key]) for one in self.dimensions)]

    def corner(self) -> list[str]:
        """A point of the space, to see whether it can be composed."""
        chosen = {one.key: one.low if isinstance(one, SearchedRange) else one.words[0] for one in self.dimensions}
        return self.overrides(chosen)


def search_space(overrides: Sequence[str], config_dir: Path | None = None) -> SearchSpace:
    """Take apart what was typed for a search.

    Raises:
        InputError: an override cannot be parsed, nothing is searched, or a range makes no sense.
    """
    dimensions: list[SearchedRange | SearchedWords] = []
    fixed = []
    for override in parse_overrides(overrides, Engine(config_dir)):
        key = override.get_key_element()
        if not override.is_sweep_override() or key == _SEED:
            if override.is_interval_sweep():
                raise InputError("seed is not searched: list the seeds that every trial trains, as in seed=1,2,3.")
            fixed.append(str(override.input_line))
        elif override.is_interval_sweep():
            dimensions.append(_interval(key, override))
        else:
            typed = [text for (text,) in expand_grid([str(override.input_line)], config_dir)]
            dimensions.append(SearchedWords(key, tuple(text.partition("=")[2] for text in typed)))
    if not dimensions:
        raise InputError(
            "Nothing to search: give a key a range or several values, as in "
            "'optimizer.lr=tag(log,interval(1e-4,1e-2))' or r=0.01,0.1."
        )
    doubles = {one.key for one in dimensions if sum(other.key == one.key for other in dimensions) > 1}
    if doubles:
        raise InputError(f"{', '.join(sorted(doubles))}: searched twice.")
    return SearchSpace(tuple(dimensions), tuple(fixed))


def _interval(key: str, override: Override) -> SearchedRange:
    sweep = cast("IntervalSweep", override.value())
    typed = short(str(override.input_line))
    strange = sweep.tags - {"log"}
    if strange:
        raise InputError(f"'{typed}': unknown tag '{sorted(strange)[0]}'. Valid: log.")
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    if low is None or high is None or not low < high:
        raise InputError(f"'{typed}': expected the smaller end first.")
    if log and low <= 0:
        raise InputError(f"'{typed}': a logarithmic range begins above 0.")
    return SearchedRange(key, low, high, log, isinstance(low, int) and isinstance(high, int))

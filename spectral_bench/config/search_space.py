"""Which hyperparameters a search may choose, in Hydra's grammar.

``KEY=interval(1e-4,1e-2)`` is a range of numbers, ``KEY=tag(log,interval(1e-4,1e-2))`` one in which every order of
magnitude counts alike, ``KEY=int(interval(1,8))`` whole numbers with both ends, ``KEY=range(16,129,16)`` steps, and
``KEY=a,b,c`` or ``KEY=choice(a,b,c)`` words. ``MODEL:KEY=...`` counts for trials with that model. A list of seeds is
not searched: every trial trains all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hydra.core.override_parser.types import IntervalSweep, Override

from spectral_bench.config.engine import Engine
from spectral_bench.config.grid_points import expand_grid, model_of, refuse_repeated_sweeps, split_by_model
from spectral_bench.config.hints import short
from spectral_bench.config.overrides import parse_overrides, typed_key
from spectral_bench.errors import InputError

#: The key that repeats a training instead of changing it, and the one that others may depend on.
_SEED, _MODEL = "seed", "model"

#: Significant digits that tell any number from its neighbours.
_EXACT_DIGITS = 17

#: Ends of a range lie within this: whole numbers must fit into 64 bits, and no key is tried beyond.
_FARTHEST = 1e18

#: How far a value may be rounded, relative to its range.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class SearchedRange:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        key: the configuration key; of one model alone, behind its name and a colon.
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
        return f"{_without_model(self.key)}={int(value) if self.whole else self._rounded(float(value))}"

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
        key: the configuration key or group; of one model alone, behind its name and a colon.
        words: what it may be, as typed.
    """

    key: str
    words: tuple[str, ...]

    def typed(self, value: float | str) -> str:
        """A chosen word as an override."""
        return f"{_without_model(self.key)}={value}"


@dataclass(frozen=True)
class SearchSpace:
    """What was typed, taken apart.

    Attributes:
        dimensions: what is chosen for trials; where some of it depends on the model, that comes first.
        fixed: what is typed for all trials, the grid of seeds included, and for all those of one model.
        model: of all trials; None where it is searched, or nothing depends on it.
    """

    dimensions: tuple[SearchedRange | SearchedWords, ...]
    fixed: tuple[str, ...]
    model: str | None = None

    def applies(self, one: SearchedRange | SearchedWords, chosen: Mapping[str, float | str]) -> bool:
        """Whether a value is chosen for a key, in a trial for which these have been chosen before."""
        model = self._model(chosen)
        if ":" in one.key:
            return one.key == f"{model}:{_without_model(one.key)}"
        own = f"{model}:{one.key}"
        return not any(own == typed_key(typed) for typed in (*self.fixed, *(it.key for it in self.dimensions)))

    def overrides(self, chosen: Mapping[str, float | str]) -> list[str]:
        """What to type for a trial, given a value for every key that applies to it."""
        return [*self.fixed_for(chosen), *self.typed(chosen)]

    def fixed_for(self, chosen: Mapping[str, float | str]) -> list[str]:
        """What is typed for all trials with this one's model."""
        model = self._model(chosen)
        return [text for text in self.fixed if ":" not in typed_key(text) or typed_key(text).startswith(f"{model}:")]

    def typed(self, chosen: Mapping[str, float | str]) -> list[str]:
        """The chosen values as overrides."""
        return [one.typed(chosen[one.key]) for one in self.dimensions if one.key in chosen]

    def corners(self) -> list[list[str]]:
        """A point of the space for every model, to see whether they can be composed."""
        return [self.overrides(corner) for corner in self._corners()]

    def corners_of_other_words(self) -> list[list[str]]:
        """The corners again, with each word of a key that is not in them: files may be read for one word alone."""
        return [
            self.overrides({**corner, one.key: word})
            for corner in self._corners()
            for one in self.dimensions
            if isinstance(one, SearchedWords) and one.key in corner and one.key != _MODEL
            for word in one.words[1:]
        ]

    def _corners(self) -> list[dict[str, float | str]]:
        corners: list[dict[str, float | str]] = [{_MODEL: model} for model in _models(self.dimensions)] or [{}]
        for chosen in corners:
            for one in self.dimensions:
                if one.key not in chosen and self.applies(one, chosen):
                    chosen[one.key] = one.low if isinstance(one, SearchedRange) else one.words[0]
        return corners

    def _model(self, chosen: Mapping[str, float | str]) -> str | None:
        searched = chosen.get(_MODEL)
        return self.model if searched is None else str(searched)


def search_space(overrides: Sequence[str], config_dir: Path | None = None) -> SearchSpace:
    """Take apart what was typed for a search.

    Raises:
        InputError: an override cannot be parsed, nothing is searched, or a range makes no sense; a key that is searched
            is typed twice, or one is for a model that no trial has.
    """
    engine = Engine(config_dir)
    dimensions: list[SearchedRange | SearchedWords] = []
    fixed = []
    shared, own = split_by_model(overrides, config_dir)
    for prefix, texts in [("", shared), *((f"{model}:", texts) for model, texts in own.items())]:
        parsed = parse_overrides(texts, engine)
        refuse_repeated_sweeps(parsed, prefix)
        for override in parsed:
            key = override.get_key_element()
            if prefix and key == _SEED:
                raise InputError(
                    f"{prefix}seed: models would be judged by different seeds. Type seed=1,2,3 for all of them."
                )
            if not override.is_sweep_override() or key == _SEED:
                if override.is_interval_sweep():
                    raise InputError("seed is not searched: list the seeds that every trial trains, as in seed=1,2,3.")
                fixed.append(f"{prefix}{override.input_line}")
            elif override.is_interval_sweep():
                dimensions.append(_interval(f"{prefix}{key}", override))
            else:
                typed = [text for (text,) in expand_grid([str(override.input_line)], config_dir, engine)]
                dimensions.append(SearchedWords(f"{prefix}{key}", tuple(text.partition("=")[2] for text in typed)))
    if not dimensions:
        raise InputError(
            "Nothing to search: give a key a range or several values, as in "
            "'optimizer.lr=tag(log,interval(1e-4,1e-2))' or r=0.01,0.1."
        )
    if not own:
        return SearchSpace(tuple(dimensions), tuple(fixed))
    dimensions.sort(key=lambda one: one.key != _MODEL)
    searched = _models(dimensions)
    if not searched and any(one.key == "experiment" for one in dimensions):
        raise InputError(
            "Presets may have models of their own: search the model, or one preset, beside MODEL:KEY=VALUES."
        )
    models = searched or (model_of(fixed, config_dir, engine),)
    for model in own.keys() - set(models):
        raise InputError(f"'{model}:{short(own[model][0])}': no trial of the search has model={model}.")
    return SearchSpace(tuple(dimensions), tuple(fixed), None if searched else models[0])


def _models(dimensions: Sequence[SearchedRange | SearchedWords]) -> tuple[str, ...]:
    """The models that are searched; none if it is one for all trials."""
    return next((one.words for one in dimensions if one.key == _MODEL and isinstance(one, SearchedWords)), ())


def _without_model(key: str) -> str:
    return key.rpartition(":")[2]


def _interval(key: str, override: Override) -> SearchedRange:
    sweep = cast("IntervalSweep", override.value())
    typed = short(str(override.input_line))
    strange = sweep.tags - {"log"}
    if strange:
        raise InputError(f"'{typed}': unknown tag '{sorted(strange)[0]}'. Valid: log.")
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    if low is None or high is None or not low < high:
        raise InputError(f"'{typed}': expected the smaller end first.")
    if not all(abs(end) <= _FARTHEST for end in (low, high)):
        raise InputError(f"'{typed}': expected ends within ±{_FARTHEST:g}.")
    if log and low <= 0:
        raise InputError(f"'{typed}': a logarithmic range begins above 0.")
    return SearchedRange(key, low, high, log, isinstance(low, int) and isinstance(high, int))

"""From overrides with several values to the overrides of single runs: the points of a grid.

Beside Hydra's own grammar (``seed=1,2``, ``range()``, ``glob()``) there are keys for one model alone
(``svdrnn:model.m1=4,8``), and a preset may hold a grid: a list of overrides in a block ``grid:``.
"""

from collections.abc import Sequence
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from spectral_bench.config.catalog import GRID_BLOCK, GROUPS, options
from spectral_bench.config.compose import compose
from spectral_bench.config.engine import Engine
from spectral_bench.config.hints import short, unknown
from spectral_bench.config.hydra_errors import first_words
from spectral_bench.config.overrides import FOR_ONE_MODEL, parse_overrides, typed_key
from spectral_bench.errors import InputError

#: More points than this are a typing error: range(0,1e9).
_LARGEST_GRID = 10_000

#: Keys, and groups of them, that no model has for itself; nor can it be another model.
_OF_THE_WHOLE_GRID = ("experiment", "launcher")


def expand_grid(
    overrides: Sequence[str], config_dir: Path | None = None, engine: Engine | None = None
) -> list[list[str]]:
    """Every point of the grid that overrides span, as the overrides of one run each; the last one varies fastest.

    ``["model=rnn,svdrnn", "seed=range(1,3)"]`` gives four points. ``glob()`` chooses among the options of a group.
    ``svdrnn:r=0.1,0.2`` counts for points with ``model=svdrnn``, instead of what all points have for that key, and
    varies faster than all others. The grid of a preset is added, without the keys that are typed.

    Raises:
        InputError: an override cannot be parsed or expanded, has no values, or is for a model that no point has; a key
            with several values is typed twice; or the grid of a preset is no list of overrides.
    """
    hydra = engine or Engine(config_dir)
    shared, own = split_by_model([*overrides, *_untyped(overrides, config_dir)], config_dir)
    parsed_for_all = parse_overrides(shared, hydra)
    refuse_repeated_sweeps(parsed_for_all)
    parsed = {model: parse_overrides(texts, hydra) for model, texts in own.items()}
    for model, overrides_of_model in parsed.items():
        refuse_repeated_sweeps(overrides_of_model, f"{model}:")
    points = [list(point) for point in _product(parsed_for_all)]
    if not own:
        return points
    expanded, met, begun = list[list[str]](), set[str](), set[tuple[str, ...]]()
    for point in points:
        model = model_of(point, config_dir, hydra)
        met.add(model)
        replaced = {typed_key(text) for text in own.get(model, [])}
        rest = tuple(text for text in point if typed_key(text) not in replaced)
        if len(rest) < len(point) and rest in begun:
            continue  # it differed from an earlier one in what is replaced
        begun.add(rest)
        expanded += [[*rest, *values] for values in _product(parsed.get(model, []))]
        _check_size(len(expanded))
    for model in own.keys() - met:
        raise InputError(f"'{model}:{short(own[model][0])}': no point of the grid has model={model}.")
    return expanded


def open_keys_of_preset(overrides: Sequence[str], config_dir: Path | None = None) -> list[str]:
    """The keys of the chosen preset's grid for which no value is typed; a single run has none.

    Keys for one model alone count if it is the chosen one; where the model is open, so is whether they matter.

    Raises:
        InputError: the grid of the preset is none.
    """
    shared, own = split_by_model(_untyped(overrides, config_dir), config_dir)
    keys = list(map(typed_key, shared))
    if own and "model" not in keys:
        keys += map(typed_key, own.get(model_of(overrides, config_dir, None), []))
    return list(dict.fromkeys(keys))


class OpenKeys:
    """``open_keys_of_preset`` of many points: of those that type the same keys of one preset and model, once."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}

    def __call__(self, point: Sequence[str]) -> list[str]:
        """The keys for which a point has no value, and the grid of its preset has.

        Raises:
            InputError: the grid of the preset is none.
        """
        keys = tuple(map(typed_key, point))
        choices = tuple(text for text, key in zip(point, keys, strict=True) if key in ("experiment", "model"))
        if (choices, keys) not in self._known:
            self._known[choices, keys] = open_keys_of_preset(point)
        return self._known[choices, keys]


def _untyped(overrides: Sequence[str], config_dir: Path | None) -> list[str]:
    """The overrides in the grid of the chosen preset whose keys are not typed."""
    typed = {typed_key(text) for text in overrides}
    preset = _grid_of_preset(overrides, config_dir)
    return [text for text in preset if typed.isdisjoint((typed_key(text), typed_key(_without_model(text))))]


def _grid_of_preset(overrides: Sequence[str], config_dir: Path | None) -> list[str]:
    chosen = [text.partition("=")[2].strip() for text in overrides if typed_key(text) == "experiment"]
    file = options("experiment", config_dir).get(chosen[-1]) if chosen else None
    if file is None:
        return []
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []  # composing says what is wrong with it
    block = content.get(GRID_BLOCK, []) if isinstance(content, dict) else []
    if not isinstance(block, list) or not all(isinstance(text, str) and "=" in text for text in block):
        raise InputError(f'{file}: grid: expected a list of overrides, as in ["model=rnn,svdrnn", "seed=1,2,3"].')
    for text in block:
        if typed_key(text) == "experiment":
            raise InputError(f"{file}: grid: a preset cannot choose another one ('{short(text)}').")
    return block


def split_by_model(texts: Sequence[str], config_dir: Path | None) -> tuple[list[str], dict[str, list[str]]]:
    """The overrides for all points, and those for one model alone, without its name.

    Raises:
        InputError: there is no such model, or it cannot have a key of its own like this.
    """
    shared: list[str] = []
    own: dict[str, list[str]] = {}
    for text in texts:
        match = FOR_ONE_MODEL.fullmatch(text)
        if match is None:
            shared.append(text)
            continue
        models = options("model", config_dir)
        if match[1] not in models:
            raise InputError(f"'{short(text)}': {unknown('model', match[1], models)}")
        key = typed_key(match[2])
        if key == "model" or key.partition(".")[0] in _OF_THE_WHOLE_GRID:
            raise InputError(f"'{short(text)}': {key} is chosen for the whole grid, not for one model.")
        own.setdefault(match[1], []).append(match[2])
    return shared, own


def _without_model(text: str) -> str:
    match = FOR_ONE_MODEL.fullmatch(text)
    return text if match is None else match[2]


def model_of(point: Sequence[str], config_dir: Path | None, hydra: Engine | None) -> str:
    """The option that a point chooses for its model; by itself, by its preset, or by default."""
    typed = [text.partition("=")[2].strip() for text in point if typed_key(text) == "model"]
    if typed:
        return typed[-1]
    choosing = [text for text in point if typed_key(text) in GROUPS]
    return str(compose(choosing, config_dir, hydra).choices["model"].option)


def refuse_repeated_sweeps(parsed: Sequence[Override], prefix: str = "") -> None:
    """Of a key that is typed twice the last value counts; with several values, points would be the same.

    Args:
        parsed: what counts for all points, or for those of one model.
        prefix: what is typed before these keys: ``svdrnn:``.

    Raises:
        InputError: naming both.
    """
    seen: dict[str, Override] = {}
    for override in parsed:
        key = override.get_key_element()
        before = seen.setdefault(key, override)
        if before is not override and (before.is_sweep_override() or override.is_sweep_override()):
            first, second = (short(f"{prefix}{each.input_line}") for each in (before, override))
            raise InputError(f"{prefix}{key} is typed twice, '{first}' and '{second}': leave one of them out.")


def _product(parsed: Sequence[Override]) -> list[tuple[str, ...]]:
    _check_size(prod(_choices(override) for override in parsed))
    return list(product(*(_values(override) for override in parsed)))


def _check_size(points: int) -> None:
    if points > _LARGEST_GRID:
        raise InputError(f"The grid has more than {_LARGEST_GRID:,} points.")


def _choices(override: Override) -> int:
    """How many values an override takes in a grid; counting stops when there are too many.

    Raises:
        InputError: none, or it cannot be expanded.
    """
    if not override.is_discrete_sweep():
        return 1
    typed = short(str(override.input_line))
    try:
        count = sum(1 for _ in islice(override.sweep_iterator(), _LARGEST_GRID + 1))
    except Exception as error:  # HydraException, but also ValueError for range(1,5,0), ArithmeticError for range(nan,1)
        reason = "not a range of numbers" if isinstance(error, ArithmeticError) else first_words(error)
        raise InputError(f"Cannot expand the grid of '{typed}': {reason}.") from error
    if count == 0:
        raise InputError(f"'{typed}' has no values: the grid has no points.")
    return count


def _values(override: Override) -> list[str]:
    """The overrides of single runs that one override stands for.

    Raises:
        InputError: it is a sweep over an interval, which has infinitely many values.
    """
    if not override.is_sweep_override():
        return [str(override.input_line)]  # as it was typed: Hydra's own rendering loses casts
    if not override.is_discrete_sweep():
        raise InputError(
            f"'{short(str(override.input_line))}' cannot be a grid: list its values, as in KEY=1,2,3, or search with "
            "--sampler."
        )
    key = override.get_key_element()
    return [f"{key}={_rendered(value)}" for value in override.sweep_iterator()]


def _rendered(value: Any) -> str:
    """A value in Hydra's grammar, so that it is read as what it is: a text that looks like a number gets quotes."""
    if isinstance(value, str) and not _reads_as(value):
        value = QuotedString(value, Quote.single)
    return str(Override._get_value_element_as_str(value))


def _reads_as(text: str) -> bool:
    """Whether a text without quotes is read as itself."""
    try:
        (read,) = OverridesParser.create().parse_overrides([f"key={text}"])
    except HydraException:
        return False
    return bool(read.value() == text)

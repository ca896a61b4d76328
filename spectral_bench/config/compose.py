"""Compose a configuration from files and overrides."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import OmegaConf

from spectral_bench.config.catalog import check_one_file
from spectral_bench.config.engine import Engine
from spectral_bench.config.hints import short
from spectral_bench.config.hydra_errors import explained, first_words
from spectral_bench.config.keys import flatten
from spectral_bench.config.origins import Choice, choices, origins
from spectral_bench.config.overrides import check_single, parse_overrides
from spectral_bench.config.plugin_yaml import check_plugin_yaml
from spectral_bench.errors import InputError

#: A value that is filled in from the root's ``r``, named from there or from the node of the model.
_READS_R = re.compile(r"\$\{\s*\.{0,3}r\s*\}")

#: More points than this are a typing error: range(0,1e9).
_LARGEST_GRID = 10_000


@dataclass(frozen=True)
class Composition:
    """A composed configuration, and where it came from.

    Attributes:
        config: plain nested dicts, interpolations resolved.
        choices: the chosen file of every group.
        origins: for every dotted key the file that set its value (``"task/copy"``), or ``"command line"``.
        overrides: what was typed.
        other_radii: dotted keys of the model, other than ``model.r``, that are filled in from the root's ``r``.
    """

    config: dict[str, Any]
    choices: dict[str, Choice]
    origins: dict[str, str]
    overrides: list[str]
    other_radii: list[str]


def compose(overrides: Sequence[str] = (), config_dir: Path | None = None) -> Composition:
    """Composes the configuration of one run.

    Args:
        overrides: ``KEY=VALUE`` or ``GROUP=OPTION`` in Hydra's grammar, no grid.
        config_dir: a folder of the user's own files, laid out like ``conf/``.

    Raises:
        InputError: an override or a file is wrong; the message names it, and the nearest valid word.
    """
    check_plugin_yaml(config_dir)
    hydra = Engine(config_dir)
    parsed = parse_overrides(overrides, hydra)
    check_single(parsed, config_dir)
    try:
        composition = _composed(hydra, parsed)
    except Exception as error:
        # For wrong input Hydra raises not only its own exceptions and OmegaConf's, but also ValueError, TypeError and
        # AssertionError: whatever its engine raises here, the input was the cause.
        raise explained(error, hydra, parsed) from error
    for group, choice in composition.choices.items():  # also by a preset, or as a default
        if choice.option is not None:
            check_one_file(group, choice.option, config_dir)
    return composition


def expand_grid(overrides: Sequence[str], config_dir: Path | None = None) -> list[list[str]]:
    """Every point of the grid that overrides span, as the overrides of one run each; the last one varies fastest.

    ``["model=rnn,svdrnn", "seed=range(1,3)"]`` gives four points. ``glob()`` chooses among the options of a group.

    Raises:
        InputError: an override cannot be parsed or expanded, or has no values.
    """
    parsed = parse_overrides(overrides, Engine(config_dir))
    if prod(_choices(override) for override in parsed) > _LARGEST_GRID:
        raise InputError(f"The grid has more than {_LARGEST_GRID:,} points.")
    return [list(point) for point in product(*(_values(override) for override in parsed))]


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
        raise InputError(f"'{short(str(override.input_line))}' cannot be a grid: list its values, as in KEY=1,2,3.")
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


def _composed(hydra: Engine, parsed: list[Override]) -> Composition:
    composed, defaults = hydra.compose(parsed)
    config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    return Composition(
        config=cast("dict[str, Any]", config),
        choices=choices(defaults),
        origins=origins(defaults, parsed, hydra.config_dir),
        overrides=[str(override.input_line) for override in parsed],
        other_radii=_other_radii(flatten(cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=False)))),
    )


def _other_radii(unresolved: dict[str, Any]) -> list[str]:
    return [
        key
        for key, value in unresolved.items()
        if key.startswith("model.") and key != "model.r" and _READS_R.search(str(value))
    ]

"""Parse overrides in Hydra's grammar, restricted to setting keys and choosing existing options."""

import re
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.types import Override

from spectral_bench.config.catalog import GRID_BLOCK, GROUPS
from spectral_bench.config.engine import Engine
from spectral_bench.config.hints import short, unknown
from spectral_bench.config.plugin_yaml import explain_absence
from spectral_bench.errors import InputError

#: ``svdrnn:model.m1=4,8``: a model, and an override for it alone.
FOR_ONE_MODEL = re.compile(r"([\w./-]+):(?=[\w.]+=)(.*)", re.DOTALL)


def typed_key(text: str) -> str:
    """The key of an override as it was typed, with the model that it may be for."""
    return text.partition("=")[0].strip()


def parse_overrides(overrides: Sequence[str], hydra: Engine) -> list[Override]:
    """Parses overrides.

    Raises:
        InputError: one of them is not ``KEY=VALUE`` in Hydra's grammar.
    """
    parsed = []
    for text in overrides:
        try:
            parsed.extend(hydra.parse(text))
        except Exception as error:  # mostly HydraException, but ValueError for a number of 5,000 digits, and others
            raise InputError(f"'{short(text)}': {_expected(text)}.") from error
    for override in parsed:
        typed = short(str(override.input_line))
        if override.is_hydra_override() or override.package is not None:
            raise InputError(f"'{typed}': Hydra itself is not configured here.")
        if override.is_add() or override.is_force_add() or override.is_delete():
            raise InputError(f"'{typed}': keys can be set, not added or removed; write KEY=VALUE.")
    return parsed


def _expected(text: str) -> str:
    """What should stand in place of an override that cannot be parsed."""
    if FOR_ONE_MODEL.fullmatch(text):
        return "a key for one model alone is of a grid: add -m"
    if "interval(" in text:
        return "expected two numbers in interval(), as in KEY=interval(1e-4,1e-2)"
    return "expected KEY=VALUE" + (
        "; a value with special signs needs quotes, as in KEY='\"a b\"'" if "=" in text else ""
    )


def check_single(parsed: Sequence[Override], hydra: Engine) -> None:
    """Refuses a grid, and options that do not exist (Hydra ignores those of an optional group).

    Raises:
        InputError: naming the override and what was expected.
    """
    for override in parsed:
        if override.is_sweep_override():
            raise InputError(
                f"'{short(str(override.input_line))}' is a grid: add -m to run all of it, or write a list as [a,b]."
            )
        if override.key_or_group == GRID_BLOCK:
            raise InputError(f"'{short(str(override.input_line))}': a grid is typed as KEY=1,2,3; add -m to run it.")
        group, value = override.key_or_group, override.value()
        if group in GROUPS and not isinstance(value, dict):
            _check_option(group, value, hydra)


def _check_option(group: str, option: Any, hydra: Engine) -> None:
    words, config_dir = hydra.options(group), hydra.config_dir
    if not isinstance(option, str) or option not in words:
        what = "preset" if group == "experiment" else group
        typed = "null" if option is None else str(option)
        raise InputError(" ".join(explain_absence(group, typed, unknown(what, typed, words), config_dir)))
    hydra.check_one_file(group, option)

"""``launcher=NAME launcher.KEY=VALUE``: who runs the points of a grid, composed apart from what a run measures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from spectral_bench.config.catalog import LAUNCHER_GROUP, check_one_file, options
from spectral_bench.config.engine import LAUNCHING_ROOT, Engine
from spectral_bench.config.hints import short, unknown
from spectral_bench.config.hydra_errors import explained
from spectral_bench.config.origins import COMMAND_LINE
from spectral_bench.config.overrides import parse_overrides, typed_key
from spectral_bench.config.registry import Registry
from spectral_bench.config.typed import typed
from spectral_bench.errors import InputError


def split_launcher(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """What was typed about the launcher, and the rest."""
    about: list[str] = []
    rest: list[str] = []
    for text in overrides:
        key = typed_key(text).lstrip("+~")
        (about if key.partition(".")[0] == LAUNCHER_GROUP else rest).append(text)
    return about, rest


def launcher_config(overrides: Sequence[str], launchers: Registry[Any], config_dir: Path | None = None) -> Any:
    """The configuration of the chosen launcher, typed by its ``Config``.

    Args:
        overrides: of the launcher alone: ``launcher=NAME``, ``launcher.KEY=VALUE``.
        launchers: what may be chosen, by ``launcher.name``; every entry has ``Config``, the dataclass of its keys.
        config_dir: a folder of the user's own files, laid out like ``conf/``.

    Raises:
        InputError: there is no such launcher, or a key is unknown or has a wrong value.
    """
    hydra = Engine(config_dir)
    parsed = parse_overrides(overrides, hydra)
    for override in parsed:
        if override.is_sweep_override():
            raise InputError(f"'{short(str(override.input_line))}': a grid has one launcher, with one value a key.")
        if override.key_or_group == LAUNCHER_GROUP:
            _check_name(override.value(), config_dir)
    try:
        composed, _ = hydra.compose(parsed, LAUNCHING_ROOT)
        node: Any = OmegaConf.to_container(composed[LAUNCHER_GROUP], resolve=True, throw_on_missing=True)
    except Exception as error:  # as in compose(): whatever Hydra's engine raises here, the input was the cause
        raise _with_advice(explained(error, hydra, parsed, LAUNCHING_ROOT), parsed) from error
    origins = dict.fromkeys((override.key_or_group for override in parsed), COMMAND_LINE)
    try:
        return typed(node, launchers[str(node.get("name"))].Config, LAUNCHER_GROUP, origins)
    except InputError as error:
        raise _with_advice(error, parsed) from error


def _with_advice(error: InputError, parsed: Sequence[Override]) -> InputError:
    """An error about a key, which may be one of a launcher that was not chosen."""
    if any(override.key_or_group == LAUNCHER_GROUP for override in parsed):
        return error
    return InputError(f"{error} Which keys there are depends on the launcher: add launcher=NAME.")


def _check_name(name: Any, config_dir: Path | None) -> None:
    words = options(LAUNCHER_GROUP, config_dir)
    if not isinstance(name, str) or name not in words:
        raise InputError(unknown(LAUNCHER_GROUP, "null" if name is None else str(name), words))
    check_one_file(LAUNCHER_GROUP, name, config_dir)

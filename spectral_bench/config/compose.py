"""Compose a configuration from files and overrides."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from spectral_bench.config.catalog import GRID_BLOCK
from spectral_bench.config.engine import Engine
from spectral_bench.config.hydra_errors import explained
from spectral_bench.config.keys import flatten
from spectral_bench.config.origins import Choice, choices, origins
from spectral_bench.config.overrides import check_single, parse_overrides
from spectral_bench.config.plugin_yaml import check_plugin_yaml

#: A value that is filled in from the root's ``r``, named from there or from the node of the model.
_READS_R = re.compile(r"\$\{\s*\.{0,3}r\s*\}")


@dataclass(frozen=True)
class Composition:
    """A composed configuration, and where it came from.

    Attributes:
        config: plain nested dicts, interpolations resolved.
        choices: the chosen file of every group.
        origins: for every dotted key the file that set its value (``"task/copy"``), or ``"command line"``.
        overrides: what was typed.
        other_radii: dotted keys of the model, other than ``model.r``, that are filled in from the root's ``r``.
        unresolved: as ``config``, with interpolations as they are written.
    """

    config: dict[str, Any]
    choices: dict[str, Choice]
    origins: dict[str, str]
    overrides: list[str]
    other_radii: list[str]
    unresolved: dict[str, Any]

    def with_hidden_size(self, hidden_size: int) -> "Composition":
        """The same with another ``model.hidden_size``; what is filled in from it follows."""
        unresolved = {**self.unresolved, "model": {**self.unresolved["model"], "hidden_size": hidden_size}}
        config = OmegaConf.to_container(OmegaConf.create(unresolved), resolve=True, throw_on_missing=True)
        return replace(self, config=cast("dict[str, Any]", config), unresolved=unresolved)


def compose(overrides: Sequence[str] = (), config_dir: Path | None = None, engine: Engine | None = None) -> Composition:
    """Composes the configuration of one run.

    Args:
        overrides: ``KEY=VALUE`` or ``GROUP=OPTION`` in Hydra's grammar, no grid.
        config_dir: a folder of the user's own files, laid out like ``conf/``.
        engine: remembers the files that earlier configurations were composed from; None: all files are read.

    Raises:
        InputError: an override or a file is wrong; the message names it, and the nearest valid word.
    """
    check_plugin_yaml(config_dir)
    hydra = engine or Engine(config_dir)
    parsed = parse_overrides(overrides, hydra)
    check_single(parsed, hydra)
    try:
        composition = _composed(hydra, parsed)
    except Exception as error:
        # For wrong input Hydra raises not only its own exceptions and OmegaConf's, but also ValueError, TypeError and
        # AssertionError: whatever its engine raises here, the input was the cause.
        raise explained(error, hydra, parsed) from error
    for group, choice in composition.choices.items():  # also by a preset, or as a default
        if choice.option is not None:
            hydra.check_one_file(group, choice.option)
    return composition


def _composed(hydra: Engine, parsed: list[Override]) -> Composition:
    composed, defaults = hydra.compose(parsed)
    config = cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))
    unresolved = cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=False))
    for content in (config, unresolved):
        content.pop(GRID_BLOCK, None)  # of a preset: what to run, and no part of what one run is
    return Composition(
        config=config,
        choices=choices(defaults),
        origins=origins(defaults, parsed, hydra),
        overrides=[str(override.input_line) for override in parsed],
        other_radii=_other_radii(flatten(unresolved)),
        unresolved=unresolved,
    )


def _other_radii(unresolved: dict[str, Any]) -> list[str]:
    return [
        key
        for key, value in unresolved.items()
        if key.startswith("model.") and key != "model.r" and _READS_R.search(str(value))
    ]

"""Where the values of a composed configuration came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from spectral_bench.config.catalog import GROUPS, folders
from spectral_bench.config.keys import flatten, keys_set

#: The origin of what the user typed.
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Choice:
    """Which file of a group was chosen, and by whom.

    Attributes:
        option: the file's name in the group's folder; None: no preset.
        by: ``"default"``, ``"command line"``, or the file that overrides the choice (``"experiment/pixel_mnist"``).
    """

    option: str | None
    by: str


def choices(chosen: Mapping[str, str | None], defaults: Any) -> dict[str, Choice]:
    """The chosen file of every group.

    Args:
        chosen: Hydra's ``runtime.choices``.
        defaults: Hydra's ``DefaultsList``.
    """
    choosers = {
        group: COMMAND_LINE if meta.external_override else str(meta.containing_config_path)
        for group, meta in defaults.overrides.override_metadata.items()
    }
    return {group: Choice(chosen[group], choosers.get(group, "default")) for group in GROUPS if group in chosen}


def origins(defaults: Any, overrides: Sequence[Override], config_dir: Path | None) -> dict[str, str]:
    """For every dotted key the file that set its value (``"task/copy"``), or ``"command line"``."""
    found: dict[str, str] = {}
    for default in defaults.defaults:
        file = _file(default.config_path, config_dir)
        if file is not None:
            node = OmegaConf.to_container(OmegaConf.load(file))
            content = node if isinstance(node, dict) else {}
            keys = flatten({str(key): value for key, value in content.items() if key != "defaults"})
            found |= dict.fromkeys((_join(default.package, key) for key in keys), default.config_path)
    for override in overrides:
        found |= dict.fromkeys(keys_set(override), COMMAND_LINE)
    return found


def _file(config_path: str, config_dir: Path | None) -> Path | None:
    """The file behind a path in Hydra's terms; None for Hydra's own."""
    files = (folder / f"{config_path}.yaml" for folder in folders(config_dir))
    return next((file for file in files if file.is_file()), None)


def _join(package: str | None, key: str) -> str:
    return f"{package}.{key}" if package else key

"""Where the values of a composed configuration came from."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra._internal.defaults_list import DefaultsList
from hydra.core.override_parser.types import Override

from spectral_bench.config.catalog import GROUPS
from spectral_bench.config.engine import Engine
from spectral_bench.config.keys import flatten, keys_set

#: The origin of what the user typed.
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Choice:
    """Which file of a group was chosen, and by what.

    Attributes:
        option: the file's name in the group's folder; None if no file was chosen, as without a preset.
        by: ``"default"``, ``"command line"``, or the file that overrides the choice (``"experiment/pixel_mnist"``).
    """

    option: str | None
    by: str


def choices(defaults: DefaultsList) -> dict[str, Choice]:
    """The chosen file of every group."""
    chosen = defaults.overrides.known_choices
    choosers = {
        group: COMMAND_LINE if meta.external_override else str(meta.containing_config_path)
        for group, meta in defaults.overrides.override_metadata.items()
    }
    used = {default.config_path for default in defaults.defaults}  # there need not be a recipe
    return {
        group: Choice(chosen[group] if f"{group}/{chosen[group]}" in used else None, choosers.get(group, "default"))
        for group in GROUPS
    }


def origins(defaults: DefaultsList, overrides: Sequence[Override], hydra: Engine) -> dict[str, str]:
    """For every dotted key the file that set its value (``"task/copy"``), or ``"command line"``."""
    found: dict[str, str] = {}
    for default in defaults.defaults:
        name = str(default.config_path)
        keys = flatten({key: value for key, value in hydra.content(name).items() if key != "defaults"})
        found |= dict.fromkeys((_join(default.package, key) for key in keys), name)
    for override in overrides:
        found |= dict.fromkeys(keys_set(override), COMMAND_LINE)
    return found


def _join(package: str | None, key: str) -> str:
    return f"{package}.{key}" if package else key

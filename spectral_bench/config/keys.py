"""Dotted keys: a nested configuration seen as a flat one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spectral_bench.config.catalog import GROUPS, LAUNCHER_GROUP

if TYPE_CHECKING:  # readers of run directories use this module and should not wait for Hydra
    from hydra.core.override_parser.types import Override

#: Keys of the sigma radius. Where it has no value the singular values are free.
RADIUS = ("r", "model.r")

#: What such a radius is called, also by ``--where r=free``.
FREE = "free"


def flatten(node: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every value under its dotted key: ``{"train": {"steps": 5}}`` becomes ``{"train.steps": 5}``."""
    flat: dict[str, Any] = {}
    for name, value in node.items():
        key = f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping):
            flat |= flatten(value, key)
        else:
            flat[key] = value
    return flat


def with_one_radius(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration under dotted keys, without the radius of the model where it is the root's ``r``."""
    config = flatten(nested)
    if "r" in config and "model.r" in config and config["model.r"] == config["r"]:
        del config["model.r"]
    return config


def nodes(keys: Mapping[str, Any]) -> set[str]:
    """The dotted keys that hold further keys: ``{"train.steps": 5}`` has ``{"train"}``."""
    return {key[:end] for key in keys for end, sign in enumerate(key) if sign == "."}


def keys_set(override: Override) -> list[str]:
    """The dotted keys an override sets; none if it chooses an option of a group."""
    key, value = override.key_or_group, override.value()
    if isinstance(value, dict):
        return list(flatten(value, key))
    return [] if key in (*GROUPS, LAUNCHER_GROUP) else [key]


def absent(key: str, otherwise: str = "none") -> str:
    """What stands in the place of a value of this key that does not exist."""
    return FREE if key in RADIUS else otherwise


def as_typed(value: Any) -> str:
    """A configuration value as a user types it: ``true``, ``null``, ``0.001``; no two numbers look alike."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = f"{value:g}"
        exact = repr(float(value)).removesuffix(".0")  # a whole number reads like an integer
        return short if float(short) == value else exact
    if isinstance(value, list):
        return "[" + ",".join(as_typed(item) for item in value) + "]"
    if isinstance(value, tuple):  # of words, such as tags
        return ",".join(value)
    return str(value)


def in_order(value: Any) -> tuple[int, float, str]:
    """What to sort values by: numbers first, by size, then words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, value, ""
    return 1, 0.0, as_typed(value)

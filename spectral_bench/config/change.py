"""Change a configuration that was read back from a run."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from spectral_bench.config.catalog import GROUPS
from spectral_bench.config.engine import Engine
from spectral_bench.config.hints import unknown
from spectral_bench.config.keys import flatten, nodes
from spectral_bench.config.overrides import check_single, parse_overrides
from spectral_bench.errors import InputError

#: Keys that may be raised when a run is resumed, and keys that may take another value.
RAISABLE = ("train.steps", "train.epochs")
_ALLOWED = (*RAISABLE, "data_dir", "train.max_minutes")

#: The message for any other key.
KEEPS = (
    "a run that goes on keeps its configuration; train.steps and train.epochs may be raised, data_dir and "
    "train.max_minutes may change. Start a new run for anything else."
)


def changed(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A copy of a configuration with single values set.

    Args:
        config: plain nested dicts.
        overrides: ``KEY=VALUE`` in Hydra's grammar.

    Raises:
        InputError: an override cannot be parsed, or does not name the key of a single value.
    """
    if overrides:
        hydra = Engine(None)
        parsed = parse_overrides(overrides, hydra)
        check_single(parsed, hydra)
    else:
        parsed = []
    result: dict[str, Any] = deepcopy(dict(config))
    keys = flatten(config)
    for override in parsed:
        key = override.key_or_group
        if key not in keys:
            is_known = key in GROUPS or key in nodes(keys)
            raise InputError(f"{key}: {KEEPS}" if is_known else unknown("key", key, _ALLOWED))
        *path, name = key.split(".")
        node = result
        for part in path:
            node = node[part]
        node[name] = override.value()
    return result


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The dotted keys in which two configurations differ, sorted."""
    first, second = flatten(one), flatten(other)
    absent = object()
    return sorted(key for key in first.keys() | second.keys() if first.get(key, absent) != second.get(key, absent))

"""Turn a composed node into its dataclass, refusing whatever does not fit.

OmegaConf's own structured configs would silently convert (``"3"`` to 3, True to 1) and keep unknown keys added with
``+``; a training that runs for a day should start from exactly what was meant.
"""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from spectral_bench.config.hints import grid_meant, short, unknown, unknown_key
from spectral_bench.config.keys import as_typed
from spectral_bench.errors import InputError

_T = TypeVar("_T")

#: The integers of NumPy and PyTorch have 64 bits.
_BEYOND_INTEGERS = 2**63

_EXPECTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    NoneType: "null",
}


def typed(node: Any, schema: type[_T], path: str, origins: Mapping[str, str] | None = None) -> _T:
    """Turns a composed node into its dataclass.

    Args:
        node: a plain mapping, interpolations resolved.
        schema: a dataclass whose fields are annotated with int, float, bool, str, Path, an Enum, another dataclass,
            a list of one of these, or a mapping of names to such, or a union of them (None included). A whole number
            is a float, too.
        path: the dotted key of the node, for messages; empty for the root.
        origins: where each dotted key came from, for messages.

    Returns:
        An instance of ``schema``.

    Raises:
        InputError: a key is unknown or missing, a value has the wrong type or is infinite or NaN, or the dataclass
            itself refuses it (a ``ValueError`` from ``__post_init__``).
    """
    if not isinstance(node, Mapping):
        raise InputError(f"{path}={_shown(node)}: expected a group of keys.")
    known = {field.name for field in fields(schema)}  # type: ignore[arg-type]
    for key in node:
        if key not in known:
            raise InputError(_unknown_key(_join(path, str(key)), [_join(path, name) for name in known], origins))
    for name in sorted(known - node.keys()):
        raise InputError(f"{_join(path, name)} has no value{_nearby(path, origins)}.")
    hints = get_type_hints(schema)
    values = {name: _convert(node[name], hints[name], _join(path, name), origins) for name in known}
    try:
        return schema(**values)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: {error}" if path else str(error)) from error


def _convert(value: Any, annotation: Any, path: str, origins: Mapping[str, str] | None) -> Any:
    """The value as ``annotation`` wants it, or an InputError."""
    if annotation is Any or (is_dataclass(value) and not isinstance(value, type)):  # a node that is typed already
        return value
    arms = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    for arm in arms:
        if is_dataclass(arm) and isinstance(arm, type) and isinstance(value, Mapping):
            return typed(value, arm, path, origins)
        if get_origin(arm) is list and isinstance(value, list):
            (item,) = get_args(arm)
            return [_convert(element, item, f"{path}[{i}]", origins) for i, element in enumerate(value)]
        if get_origin(arm) is Mapping and isinstance(value, Mapping):
            _, item = get_args(arm)
            return {str(key): _convert(one, item, _join(path, str(key)), origins) for key, one in value.items()}
        if isinstance(arm, type) and issubclass(arm, Enum) and isinstance(value, str):
            words = {str(member.value): member for member in arm}
            if value in words:
                return words[value]
            raise InputError(unknown(path, value, words))
        if _fits(value, arm):
            if arm is Path:
                return expanded_path(value, path)
            return float(value) if arm is float else value
    raise InputError(f"{path}={_shown(value)}: expected {' or '.join(map(_described, arms))}{_but(value, arms, path)}.")


def expanded_path(value: str | Path, path: str) -> Path:
    """A path without ``~``.

    Args:
        value: what was typed.
        path: the key or option, for messages.

    Raises:
        InputError: it is empty, or there is no such home.
    """
    if not str(value):
        raise InputError(f"{path}='': expected a path; write . for the folder you are in.")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}={value}: there is no such user, or this one has no home.") from error


def _fits(value: Any, arm: Any) -> bool:
    if arm is bool or isinstance(value, bool):
        return arm is bool and isinstance(value, bool)
    if arm is float:
        return isinstance(value, int | float) and _is_finite(value)
    if arm is Path:
        return isinstance(value, str | Path)
    if arm is int:
        return isinstance(value, int) and abs(value) < _BEYOND_INTEGERS
    return arm in (str, NoneType) and isinstance(value, arm)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _described(arm: Any) -> str:
    if arm in _EXPECTED:
        return _EXPECTED[arm]
    if get_origin(arm) is list:
        return "a list"
    if isinstance(arm, type) and issubclass(arm, Enum):
        return "one of " + ", ".join(str(member.value) for member in arm)
    return "a group of keys"


def _but(value: Any, arms: tuple[Any, ...], path: str) -> str:
    """Why a value that looks right is not accepted."""
    if isinstance(value, int) and abs(value) >= _BEYOND_INTEGERS and float not in arms:
        return " of less than 64 bits"
    if isinstance(value, int | float) and not isinstance(value, bool) and float in arms:
        return ", and a finite one"
    if isinstance(value, str) and value.isdigit() and int in arms:
        return ", not text: leave the quotes away"
    if isinstance(value, str) and (grid := grid_meant(path, value)) is not None:
        return f"; several values make a grid: run -m {grid}"
    if isinstance(value, int | float) and str in arms:
        return "; quote it to make a number text"
    return ""


def _shown(value: Any) -> str:
    """A value as a user would type it; spaces at its ends, and that a number is none of the whole ones, in view."""
    if isinstance(value, str) and value.strip() != value:
        return short(f"'{value}'")
    return short(str(value) if isinstance(value, float) else as_typed(value))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown_key(key: str, valid: list[str], origins: Mapping[str, str] | None) -> str:
    origin = (origins or {}).get(key, "")
    message = unknown_key(key, valid)
    return f"{message} (It stands in {origin}.yaml.)" if "/" in origin else message


def _nearby(path: str, origins: Mapping[str, str] | None) -> str:
    """Where to put a missing key: the file the node's name came from."""
    for key in (f"{path}.name", f"{path}.layer"):
        if origins and "/" in origins.get(key, ""):
            return f"; set it in {origins[key]}.yaml"
    return ""

"""Reading the files of a run directory, which may be damaged, or made by a stranger to do harm.

Every reader of run directories, here and in ``records``, opens files through ``read_bytes`` (or asks ``regular_file``
before it hands a path to pandas or pyarrow) and parses them with ``parse_json`` and ``parse_yaml``. Then a pipe is not
waited for, a device not read without end, and a small text does not become a large or deep object. Refusals are the
exceptions that readers of files expect anyway: ``OSError``, and ``ValueError`` for the content.
"""

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import yaml

#: Bytes of the largest text that is parsed: the manifest of a run resumed thousands of times has a few million.
LARGEST_TEXT = 1 << 26

#: Bytes of the largest file that is read at once: a checkpoint of a billion weights under Adam.
LARGEST_FILE = 1 << 34

#: Levels of nested objects. The files of a run have four.
_DEEPEST = 50

#: Bytes of the largest yaml text: reading a megabyte of it takes PyYAML seconds.
_LARGEST_YAML = 1 << 18

#: The C parser is ten times as fast, and missing only where PyYAML was built without it.
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: The escape of a byte of a file name that is no text, which PyYAML writes and reads and the C parser refuses.
_SURROGATE = re.compile(rb"\\u[Dd][89A-Fa-f]")


def regular_file(path: Path) -> Path:
    """The path itself, if a plain file stands there.

    Raises:
        OSError: there is nothing, or something that may block for ever: a pipe, a device, a socket.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is not a plain file", str(path))
    return path


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """The content of a plain file.

    Raises:
        OSError: it cannot be read, is no plain file, or holds more than ``largest`` bytes.
    """
    with regular_file(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise OSError(errno.EFBIG, f"is larger than {largest:,} bytes", str(path))
        return file.read(largest)


def parse_json(text: bytes) -> dict[str, Any]:
    """The JSON object that ``text`` holds.

    Raises:
        ValueError: it is not a JSON object, holds NaN or infinity, or is nested more deeply than any file of a run.
    """
    try:
        content = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError("expected an object")
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        level = [inner for node in level for inner in _inside(node)]
        if not level:
            return content
    raise ValueError("nested too deeply")


def parse_yaml(text: bytes) -> dict[str, Any]:
    """The mapping that ``text`` holds, by the safe loader: nothing in it can run code.

    Aliases are refused: no file of a run has one, and a few lines of them stand for billions of values.

    Raises:
        ValueError: it is not yaml, not a mapping, has aliases, or is nested more deeply than any file of a run.
    """
    if len(text) > _LARGEST_YAML:
        raise ValueError(f"larger than {_LARGEST_YAML:,} bytes")
    try:
        loader = yaml.SafeLoader if _SURROGATE.search(text) else _YamlLoader
        _check_events(text, loader)
        content = yaml.load(text, loader)  # noqa: S506
    except Exception as error:  # YAMLError, or anything that parsing an invalid int, float or date raises
        raise ValueError(brief(error)) from error
    if not isinstance(content, dict):
        raise ValueError("expected keys and values")
    return content


def brief(error: Exception) -> str:
    """The part of an exception's message that fits into another message."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror  # without number and path, which the message names anyway
    return (str(error).splitlines() or [type(error).__name__])[0]


def _check_events(text: bytes, loader: Any) -> None:
    """Check, before any object is built, that there are no aliases and the depth is bounded."""
    depth = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases are not read")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")


def _inside(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")

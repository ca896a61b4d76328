"""Files that appear whole or not at all."""

import json
import os
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any


def write_atomically(
    path: Path, write: Callable[[Path], object], once_whole: Callable[[], object] = lambda: None
) -> None:
    """Let ``write`` fill a temporary file beside ``path``, flush it to the disk, and rename it into place.

    A reader sees either the old file or the new one; after a crash at any moment, one of them is there, whole.

    Args:
        path: where the file belongs.
        write: fills the file it is given.
        once_whole: called when the new file is on the disk and the old one still in place.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        once_whole()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """``write_atomically`` for text, in UTF-8."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """``write_atomically`` for a JSON object. NaN and infinities, which JSON does not know, become null."""
    write_atomically(path, lambda temporary: temporary.write_bytes(json_text(content)))


def json_text(content: Mapping[str, Any]) -> bytes:
    """What ``write_json`` writes. Bytes of file names that are no text become escapes, which ``json`` reads back.

    Raises:
        ValueError: JSON cannot represent the content.
    """
    finite = {
        key: None if isinstance(value, float) and not isfinite(value) else value for key, value in content.items()
    }
    return (json.dumps(finite, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode(errors="backslashreplace")

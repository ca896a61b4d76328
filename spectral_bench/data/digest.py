"""Digests of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from spectral_bench.errors import DataError


def sha256(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error}).") from error


def digests(paths: Iterable[Path], data_dir: Path) -> dict[str, str]:
    """SHA-256 of every file, by its path relative to the data folder."""
    return {path.relative_to(data_dir).as_posix(): sha256(path) for path in paths}

"""SHA-256 digests of data files: computed, recorded beside the files, and read back."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from spectral_bench.errors import DataError

#: Written into a folder of downloaded files, in the form that ``sha256sum -c`` reads.
_RECORD = "SHA256SUMS"


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


def write_sums(folder: Path, files: Iterable[Path]) -> None:
    """Record the digests of files of this folder."""
    part = folder / f"{_RECORD}.part"
    part.write_text("".join(f"{sha256(file)}  {file.name}\n" for file in files), encoding="utf-8")
    part.replace(folder / _RECORD)


def read_sums(folder: Path) -> dict[str, str]:
    """The recorded digests by file name; empty where nothing was recorded."""
    record = folder / _RECORD
    if not record.is_file():
        return {}
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

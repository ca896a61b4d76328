"""Digests recorded when files were downloaded, in the form that ``sha256sum -c`` reads."""

from collections.abc import Iterable
from pathlib import Path

from spectral_bench.data.digest import sha256

_NAME = "SHA256SUMS"


def write_sums(folder: Path, files: Iterable[Path]) -> None:
    """Record the digests of files of this folder."""
    part = folder / f"{_NAME}.part"
    part.write_text("".join(f"{sha256(file)}  {file.name}\n" for file in files), encoding="utf-8")
    part.replace(folder / _NAME)


def read_sums(folder: Path) -> dict[str, str]:
    """The recorded digests by file name; empty where nothing was recorded."""
    record = folder / _NAME
    if not record.is_file():
        return {}
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

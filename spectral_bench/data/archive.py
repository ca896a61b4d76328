"""Extract the two files of a UCR set from its zip archive, and nothing else."""

import struct
import zlib
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from stat import S_ISLNK
from zipfile import BadZipFile, ZipFile, ZipInfo

from spectral_bench.errors import DataError

_LARGEST = 4 << 30

#: Errors of ``zipfile`` for a damaged, encrypted or unsupported archive, and of a folder that cannot be written.
_FAILURES = (BadZipFile, OSError, EOFError, zlib.error, struct.error, ValueError, NotImplementedError, RuntimeError)


def unpack(archive: Path, names: tuple[str, ...], folder: Path) -> list[Path]:
    """Write the members called ``names``, wherever they are in the archive, into ``folder``.

    None appears before all have been read whole.

    Returns:
        The files, in the order of ``names``.

    Raises:
        DataError: the archive is damaged, lacks one of them or has it twice, or holds a member that is not a plain
            file inside a folder (an absolute path, a path that leaves the folder, a link).
    """
    parts = [folder / f"{name}.part" for name in names]
    try:
        with ZipFile(archive) as content:
            for member, part in zip(_wanted(content.infolist(), names, archive), parts, strict=True):
                with content.open(member) as source, part.open("wb") as target:
                    copyfileobj(source, target)
        for part in parts:
            part.replace(part.with_suffix(""))
    except _FAILURES as error:
        raise DataError(f"{archive}: cannot be unpacked ({error}).") from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return [folder / name for name in names]


def _check(member: ZipInfo, archive: Path) -> None:
    path = PurePosixPath(member.filename)
    leaves = path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename
    if leaves or S_ISLNK(member.external_attr >> 16):
        raise DataError(f"{archive}: the member {member.filename!r} would leave its folder; not unpacked.")


def _wanted(members: list[ZipInfo], names: tuple[str, ...], archive: Path) -> list[ZipInfo]:
    """The members with these names, after a check of every member of the archive."""
    for member in members:
        _check(member, archive)
    files = [member for member in members if not member.is_dir()]
    wanted = []
    for name in names:
        found = [member for member in files if PurePosixPath(member.filename).name == name]
        if len(found) != 1:
            raise DataError(f"{archive}: holds {len(found)} members called {name}, expected one.")
        wanted += found
    if sum(member.file_size for member in wanted) > _LARGEST:
        raise DataError(f"{archive}: unpacks to more than {_LARGEST:,} bytes; not unpacked.")
    return wanted

"""Run directories packed into one compressed file, for keeping or for somebody else."""

import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from spectral_bench.errors import InputError, StorageError
from spectral_bench.runs.atomic import write_atomically
from spectral_bench.runs.layout import LOCK
from spectral_bench.runs.removal import check_idle

#: The endings of archives: Zstandard, and what Python always has.
SUFFIXES = (".tar.zst", ".tar.gz")


def check_archive(path: Path) -> None:
    """See that an archive can be written under this name.

    Raises:
        InputError: it ends otherwise, exists already, or what compresses it is not installed.
    """
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"--archive {path}: expected a name that ends in {' or '.join(SUFFIXES)}.")
    if path.exists():
        raise InputError(f"--archive {path}: exists already; choose another name, or remove it first.")
    if path.name.endswith(SUFFIXES[0]):
        try:
            import zstandard  # noqa: F401
        except ImportError as error:
            raise InputError(
                f'--archive {path}: needs pip install "spectral-bench[archive]"; a name that ends in .tar.gz does not.'
            ) from error


def archive_runs(path: Path, directories: Sequence[Path]) -> None:
    """Pack runs, each as ``TASK/MODEL/RUN_ID``; the file appears whole or not at all.

    Raises:
        LockedError: a process is at work on one of them.
        StorageError: it cannot be written, or a run cannot be read.
    """
    for directory in directories:
        check_idle(directory)

    def write(temporary: Path) -> None:
        with _compressed(temporary, path.name) as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
            for directory in directories:
                archive.add(directory, "/".join(directory.parts[-3:]), filter=_without_lock)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, write)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}).") from error


@contextmanager
def _compressed(path: Path, name: str) -> Iterator[IO[bytes]]:
    if name.endswith(SUFFIXES[1]):
        import gzip

        with gzip.open(path, "wb") as packed:
            yield cast("IO[bytes]", packed)
        return
    import zstandard

    with path.open("wb") as file, zstandard.ZstdCompressor(write_checksum=True).stream_writer(file) as stream:
        yield stream


def _without_lock(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(member.name).name == LOCK else member

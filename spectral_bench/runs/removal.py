"""Run directories taken away: by deletion, never while a process is at work in one."""

import os
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from spectral_bench.errors import LockedError, StorageError
from spectral_bench.runs.lock import living_worker, locked
from spectral_bench.runs.manifest import Manifest


def disk_use(directory: Path) -> int:
    """Bytes of all files of a run."""
    total = 0
    for folder, _, names in os.walk(directory):  # which passes over folders that vanish
        for name in names:
            with suppress(OSError):  # a process is at work, and replaces its files
                total += os.lstat(Path(folder, name)).st_size
    return total


def remove_run(directory: Path) -> None:
    """Delete a run. It is hidden first, so that no reader ever sees half of one.

    Raises:
        LockedError: a process is at work on it, here or on another host.
        StorageError: it cannot be deleted.
    """
    check_idle(directory)
    hidden = directory.with_name(f".{directory.name}")
    try:
        with locked(directory):
            directory.rename(hidden)
        rmtree(hidden)
    except OSError as error:
        raise StorageError(f"{directory}: cannot be deleted ({error.strerror}).") from error


def check_idle(directory: Path) -> None:
    """See that no process is at work on a run.

    Raises:
        LockedError: one is.
        DataError: the manifest cannot be read.
    """
    worker = living_worker(directory, Manifest.read(directory))
    if worker is not None:
        raise LockedError(f"{directory}: {worker}, is at work on this run.")
    with locked(directory):
        pass

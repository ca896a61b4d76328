"""One process at a time works in a run directory.

The operating system releases the lock when its process dies, so the next process can take it. Its holder, and since
when it is held, are in the manifest.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from spectral_bench.errors import DataError, LockedError, StorageError
from spectral_bench.runs.layout import LOCK
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.owner import Owner, heartbeat


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Lock the directory for this process.

    Raises:
        LockedError: another process holds the lock.
        StorageError: nothing can be written there.
    """
    path = directory / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(
            f"{directory}: {_holder(directory)} is at work on this run. Wait for it, or stop it there."
        ) from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror}).") from error
    try:
        with heartbeat(path):
            yield
    finally:
        with suppress(OSError):
            path.unlink()  # before the release: afterwards the file may be another process's
        lock.release()


def living_worker(directory: Path, manifest: Manifest) -> Owner | None:
    """The process that its manifest says is at work on a run, if it lives; None: nobody is.

    The lock of a process on another host may not be visible here; the signs of life that it gives are.
    """
    owner, lock = Owner.read(manifest.content.get("owner")), directory / LOCK
    works = manifest.status == "running" and owner is not None and lock.exists() and owner.is_alive(lock)
    return owner if works else None


def _holder(directory: Path) -> str:
    """Who has the lock, as far as the manifest says: it names them only once the run goes on."""
    try:
        owner = living_worker(directory, Manifest.read(directory))
    except DataError:
        owner = None
    return "another process" if owner is None else f"{owner},"

"""Where a run lives: ``results_dir/TASK/MODEL/RUN_ID/``."""

import errno
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from spectral_bench.errors import InputError, StorageError

#: Errors of a rename onto a directory that exists.
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)

#: Errors that mean the folder was badly chosen, as opposed to a good one that failed.
_WRONG_FOLDER = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)


#: Digits of a configuration's digest that stand in the name of a run.
DIGITS = 12

_RUN_ID = re.compile(rf"\d{{8}}-\d{{6}}(?:-([0-9a-f]{{{DIGITS}}}))?-seed(\d+)-[0-9a-f]{{6}}")


@dataclass(frozen=True)
class RunId:
    """What the name of a run says.

    Attributes:
        digest: the first digits of its configuration's digest; None: earlier versions did not put them there.
        seed: of the run.
    """

    digest: str | None
    seed: int


def parsed_run_id(name: str) -> RunId | None:
    """What the name of a directory says of the run in it; None if somebody gave it another name."""
    match = _RUN_ID.fullmatch(name)
    return None if match is None else RunId(match[1], int(match[2]))


def new_run_directory(
    results_dir: Path, task: str, model: str, digest: str, seed: int, fill: Callable[[Path], object]
) -> Path:
    """Create a directory that no other run has, not even one started in the same second on another host.

    The identifier sorts by start time, names configuration and seed, and ends in random digits. The directory is filled
    under a hidden name beside its place, for any folder above may be a link to another file system, and then renamed:
    it appears with its first files in it, or not at all, and a rename onto another run's directory fails, and another
    identifier is drawn.

    Args:
        results_dir: the folder of all runs.
        task: name of the task.
        model: name of the model.
        digest: of its configuration.
        seed: of the run.
        fill: writes the first files into the directory it is given, at least one.

    Raises:
        InputError: ``results_dir`` is not a directory or is not writable.
        StorageError: it cannot be written: the disk is full, read-only or gone.
    """
    parent = results_dir / task / model
    try:
        parent.mkdir(parents=True, exist_ok=True)
        path = parent / _identifier(digest, seed)
        hidden = parent / f".{path.name}"
        hidden.mkdir()
        try:
            fill(hidden)
            while not _claimed(hidden, path):
                path = parent / _identifier(digest, seed)
        finally:
            rmtree(hidden, ignore_errors=True)
    except OSError as error:
        raise cannot_write(results_dir, parent, error) from error
    return path


def cannot_write(results_dir: Path, path: Path, error: OSError) -> InputError | StorageError:
    """The error for a folder of results in which ``path`` could not be made."""
    refusal = InputError if error.errno in _WRONG_FOLDER else StorageError
    return refusal(
        f"results_dir={results_dir} cannot be written: {error.strerror} ({error.filename or path}). "
        "Choose a folder you may write with results_dir=FOLDER."
    )


def check_writable(results_dir: Path) -> None:
    """See that run directories can be made in a folder of results, which is made if there is none.

    Raises:
        InputError: it is not a folder, or may not be written.
        StorageError: it cannot be written: the disk is full or read-only.
    """
    try:
        results_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".check-", dir=results_dir):
            pass
    except OSError as error:
        raise cannot_write(results_dir, results_dir, error) from error


def _identifier(digest: str, seed: int) -> str:
    started = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return f"{started}-{digest[:DIGITS]}-seed{seed}-{secrets.token_hex(3)}"


def _claimed(hidden: Path, path: Path) -> bool:
    """Give the directory its name; False if another has it."""
    try:
        hidden.rename(path)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True

"""The folder of results must be one and the same on every host that works on a grid."""

import platform
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from spectral_bench.errors import InputError, SpectralBenchError
from spectral_bench.launch.point import Point
from spectral_bench.runs.directory import cannot_write


class NotSharedError(InputError):
    """A worker does not see the folder of results."""


def results_folders(points: Sequence[Point]) -> list[Path]:
    """The folders of results of points, each once."""
    return list(dict.fromkeys(point.results_dir for point in points))


@contextmanager
def marked(folder: Path) -> Iterator[Path]:
    """A file in a folder of results by which a worker on another host can tell that it sees the same one.

    Raises:
        InputError: the folder is not writable.
        StorageError: it can no longer be written.
    """
    mark = folder / f".shared-{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch(exist_ok=False)
    except OSError as error:
        raise cannot_write(folder, mark, error) from error
    try:
        yield mark
    finally:
        with suppress(OSError):
            mark.unlink()


def check_mark(mark: Path) -> None:
    """See, in a worker, that the mark is there and its folder writable.

    Raises:
        NotSharedError: it is not.
    """
    host = platform.node()
    if not mark.exists():
        raise NotSharedError(
            f"results_dir={mark.parent} is not shared: on {host} it is another folder, or none. Choose one that every "
            "host of the cluster sees under the same name, with results_dir=FOLDER."
        )
    try:
        probe = mark.with_name(f"{mark.name}-{host}-{secrets.token_hex(3)}")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise NotSharedError(f"results_dir={mark.parent} cannot be written on {host}: {error.strerror}.") from error


def missing_extra(launcher: str, extra: str, error: ImportError) -> SpectralBenchError:
    """The error for a launcher whose engine is not installed."""
    return InputError(f"launcher={launcher} needs {error.name}: pip install 'spectral-bench[{extra}]'")

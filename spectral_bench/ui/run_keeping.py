"""Label, archive and delete runs, asking before anything is lost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from spectral_bench.errors import InputError, LockedError, StorageError
from spectral_bench.records.run_record import Run
from spectral_bench.report.numbers import counted
from spectral_bench.runs.labels import read_labels, write_labels
from spectral_bench.runs.removal import check_idle, disk_use, remove_run
from spectral_bench.runs.run_archive import archive_runs
from spectral_bench.runs.safe_reading import brief


def label_all(runs: Sequence[Run], add: frozenset[str], remove: frozenset[str], note: str | None) -> None:
    """Change the labels of runs; running ones may be labelled, too, for no recorded file is touched.

    Raises:
        StorageError: a file of labels cannot be read or written.
    """
    for run in runs:
        try:
            write_labels(run.directory, read_labels(run.directory).changed(add, remove, note))
        except (OSError, ValueError) as error:
            raise StorageError(f"{run.directory}: its labels cannot be changed ({brief(error)}).") from error
    done = [*(f"+{tag}" for tag in sorted(add)), *(f"-{tag}" for tag in sorted(remove))]
    done += [] if note is None else ["a note" if note else "no note"]
    typer.echo(f"{counted(len(runs), 'run')}: {', '.join(done)}.")


def idle_only(runs: Sequence[Run]) -> list[Run]:
    """The runs that no process is at work on; the others are named on stderr."""
    idle = []
    for run in runs:
        try:
            check_idle(run.directory)
        except LockedError as error:
            typer.echo(f"Left alone: {error}", err=True)
        else:
            idle.append(run)
    return idle


def archive_all(runs: Sequence[Run], path: Path) -> None:
    """Pack runs into a file; see ``archive_runs``."""
    archive_runs(path, [run.directory for run in runs])
    typer.echo(f"{counted(len(runs), 'run')} in {path}, {_size(path.stat().st_size)}.")


def confirm_removal(runs: Sequence[Run]) -> None:
    """Ask whether runs may be deleted.

    Raises:
        InputError: there is nobody to ask.
        typer.Abort: the answer was no.
    """
    size = _total_size(runs)
    if not sys.stdin.isatty():
        raise InputError(f"--rm would delete {counted(len(runs), 'run')} ({size}) and asks first: add --yes.")
    for run in runs[:10]:
        typer.echo(run.directory)
    if len(runs) > 10:
        typer.echo(f"... and {len(runs) - 10:,} more")
    typer.confirm(f"Delete {counted(len(runs), 'run')} ({size})?", abort=True)


def remove_all(runs: Sequence[Run]) -> None:
    """Delete runs.

    Raises:
        StorageError: one cannot be deleted.
    """
    size = _total_size(runs)
    for run in runs:
        remove_run(run.directory)
    typer.echo(f"Deleted {counted(len(runs), 'run')} ({size}).")


def _total_size(runs: Sequence[Run]) -> str:
    return _size(sum(disk_use(run.directory) for run in runs))


def _size(count: float) -> str:
    """Bytes in decimal units: ``12.3 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"

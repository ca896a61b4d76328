"""``metrics.csv``: one row per measurement."""

import csv
import errno
import os
from collections.abc import Sequence
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from spectral_bench.errors import DataError
from spectral_bench.runs.layout import METRIC_PLACE, SPLIT_PLACE, metrics_header
from spectral_bench.runs.safe_reading import regular_file
from spectral_bench.tasks.task import Split
from spectral_bench.training.observer import Measurement


class MetricsFile:
    """Appends measurements to a csv file.

    Measurements are rare, so the file is opened for each row: the operating system has the row when ``append`` returns,
    and a killed run leaves no half-written buffer.

    Args:
        path: the file, created with its header if it does not exist.
        metric: name of the task's metric, the title of its column.
    """

    def __init__(self, path: Path, metric: str) -> None:
        self._path = path
        self._digest = sha256()
        if path.exists():
            self._digest.update(path.read_bytes())
        else:
            self._write(metrics_header(metric))

    def append(self, row: Measurement) -> None:
        """Write one row."""
        self._write(cells(row))

    def latest(self, split: Split) -> float | None:
        """The metric of the last row of a split; None where there is no row."""
        with self._path.open(newline="", encoding="utf-8") as file:
            metrics = [float(row[METRIC_PLACE]) for row in csv.reader(file) if row[SPLIT_PLACE] == split]
        return metrics[-1] if metrics else None

    def mark(self) -> dict[str, Any]:
        """What a checkpoint records of the file, for ``rewind_metrics``; the file is on the disk when this returns."""
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())
        return {"bytes": self._path.stat().st_size, "sha256": self._digest.hexdigest()}

    def _write(self, cells: Sequence[str]) -> None:
        line = StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        row = line.getvalue().encode()
        with self._path.open("ab", buffering=0) as file:
            before = file.tell()
            if file.write(row) != len(row):  # the disk is full; half a row would spoil the whole file
                file.truncate(before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._digest.update(row)


def cells(row: Measurement) -> list[str]:
    """A row as text, in the order of ``METRICS_COLUMNS``.

    Loss and metric are written so that reading them gives the same numbers back.
    """
    epoch = "" if row.epoch is None else f"{row.epoch:.6g}"
    times = f"{row.samples_per_second:.1f}", f"{row.wall_seconds:.3f}"
    return [str(row.step), epoch, row.split, repr(row.loss), repr(row.metric), *times]


def check_metrics(path: Path, mark: dict[str, Any]) -> None:
    """See that a file begins with what it held when ``mark`` was made.

    Raises:
        DataError: it does not.
    """
    try:
        with regular_file(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            beginning = file.read(min(mark["bytes"], size))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    if size < mark["bytes"]:
        raise DataError(f"{path}: has {size:,} bytes, and had {mark['bytes']:,} at the checkpoint.")
    if sha256(beginning).hexdigest() != mark["sha256"]:
        raise DataError(f"{path}: is not what it was at the checkpoint.")


def rewind_metrics(path: Path, mark: dict[str, Any]) -> None:
    """Cut a file back to what it held when ``mark`` was made."""
    os.truncate(path, mark["bytes"])

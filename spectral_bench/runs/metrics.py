"""``metrics.csv``: a row a measurement."""

import csv
from pathlib import Path

from spectral_bench.training.observer import Measurement


class MetricsFile:
    """Appends measurements to a csv file.

    Measurements are rare, so the file is opened for each row: a row is with the operating system when ``append``
    returns, and a run that is killed holds no half-written buffer.

    Args:
        path: the file, created with its header if it is not there.
        metric: name of the task's metric, the title of its column.
    """

    def __init__(self, path: Path, metric: str) -> None:
        self._path = path
        if not path.exists():
            self._write(["step", "epoch", "split", "loss", metric, "samples_per_second", "wall_seconds"])

    def append(self, row: Measurement) -> None:
        """Write one row. Loss and metric are written so that reading them gives the same numbers back."""
        epoch = "" if row.epoch is None else f"{row.epoch:.6g}"
        times = f"{row.samples_per_second:.1f}", f"{row.wall_seconds:.3f}"
        self._write([row.step, epoch, row.split, repr(row.loss), repr(row.metric), *times])

    def _write(self, cells: list[object]) -> None:
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(cells)

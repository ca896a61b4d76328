"""``metrics.csv``: a row a measurement."""

import csv
from pathlib import Path

from spectral_bench.training.observer import Measurement


class MetricsFile:
    """Appends measurements to a csv file, each row flushed when it is written.

    Args:
        path: the file, created with its header if it is not there.
        metric: name of the task's metric, the title of its column.
    """

    def __init__(self, path: Path, metric: str) -> None:
        self._file = path.open("a", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file, lineterminator="\n")
        if self._file.tell() == 0:
            self._rows.writerow(["step", "epoch", "split", "loss", metric, "samples_per_second", "wall_seconds"])
            self._file.flush()

    def append(self, row: Measurement) -> None:
        """Write one row. Floats are written so that reading them gives the same number back."""
        epoch = "" if row.epoch is None else f"{row.epoch:.6g}"
        times = f"{row.samples_per_second:.1f}", f"{row.wall_seconds:.3f}"
        self._rows.writerow([row.step, epoch, row.split, repr(row.loss), repr(row.metric), *times])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

"""The recorded rows of a run, to be ticked off one by one during a replay."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spectral_bench.errors import DataError
from spectral_bench.runs.layout import GRADIENTS, METRICS, SPECTRUM, SPLIT_PLACE, STEP_PLACE, TIMELESS
from spectral_bench.runs.parted_table import SCHEMAS, read_part
from spectral_bench.runs.safe_reading import brief, regular_file
from spectral_bench.runs.table_files import table_files

#: A step, and what else identifies a row: the split, the layer, the matrix.
Key = tuple[Any, ...]


class RecordedRows:
    """The rows of one table by key.

    Args:
        what: the name of a row in messages.
        rows: the values of each key, in the order in which they were written.
    """

    def __init__(self, what: str, rows: Mapping[Key, Any]) -> None:
        self.what = what
        self._rows = dict(rows)

    def take(self, key: Key) -> Any:
        """The values of a key, ticking them off; None if there are none."""
        return self._rows.pop(key, None)

    def left(self, first: int, last: float) -> list[str]:
        """The names of the rows of steps ``first`` to ``last`` that were never taken."""
        return [self.named(key) for key in sorted(self._rows) if first <= key[0] <= last]

    def last_step(self) -> int:
        """The last step; -1 if there are no rows."""
        return max((key[0] for key in self._rows), default=-1)

    def named(self, key: Key) -> str:
        """A row in words."""
        step, *rest = key
        words = (f", layer {word}" if isinstance(word, int) else f", {word}" for word in rest if word != "")
        return f"{self.what} at step {step}" + "".join(words)


def recorded_metrics(directory: Path) -> RecordedRows:
    """The rows of ``metrics.csv`` by step and split, as text, without their times.

    Raises:
        DataError: it cannot be read, or holds a row twice.
    """
    path = directory / METRICS
    try:
        with regular_file(path).open(newline="", encoding="utf-8") as file:
            _, *lines = csv.reader(file)
        rows = {(int(line[STEP_PLACE]), line[SPLIT_PLACE]): line[:TIMELESS] for line in lines}
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({brief(error)}).") from error
    if len(rows) != len(lines):
        raise DataError(f"{path}: holds a row twice.")
    return RecordedRows("measurement", rows)


def recorded_gradients(directory: Path) -> RecordedRows:
    """Gradient norms over t, by step and layer.

    Raises:
        DataError: a file of them is damaged, or the rows are not those of t = 0, 1, ...
    """
    return RecordedRows("gradient norm", _grouped(directory, GRADIENTS))


def recorded_spectrum(directory: Path) -> RecordedRows:
    """Singular values, by step, layer and matrix.

    Raises:
        DataError: a file of them is damaged, or the rows are not those of the indices 0, 1, ...
    """
    return RecordedRows("singular value", _grouped(directory, SPECTRUM))


def _grouped(directory: Path, name: str) -> dict[Key, Any]:
    """The last column of a table by its keys; the column before it counts within a key."""
    path, schema = directory / name, SCHEMAS[name]
    tables = [read_part(file, schema).to_pandas() for file in table_files(path)]
    if not tables:
        return {}
    *keys, counter, value = schema.names
    rows = {}
    for key, group in pd.concat(tables).groupby(keys):
        if not np.array_equal(group[counter], np.arange(len(group))):
            raise DataError(f"{path}: at step {key[0]} the column {counter} does not count from 0.")
        rows[tuple(key)] = group[value].to_numpy()
    return rows

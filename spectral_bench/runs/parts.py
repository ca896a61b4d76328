"""Columnar tables that grow while a run goes on: a folder of Parquet parts that reads as one table.

Parquet cannot be appended to, and rewriting one file at every flush costs time that grows with its square. So rows are
gathered and sealed, a part at a time, into a folder such as ``gradients.parquet/``; ``pandas.read_parquet`` reads the
folder in one line and skips the hidden files a crash may leave.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spectral_bench.runs.atomic import write_atomically


class PartedTable:
    """A table written in parts.

    Args:
        folder: made when the first part is sealed.
        schema: names and types of the columns; the first is ``step``.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []

    def add(self, columns: Mapping[str, NDArray[Any] | list[str]]) -> None:
        """Gather rows, given as columns of equal length."""
        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        self._pending.append(pa.record_batch(arrays, schema=self._schema))

    def seal(self) -> None:
        """Write the gathered rows as one part, named by the steps it covers."""
        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending, self._schema)
        steps = table["step"].to_numpy()
        self._folder.mkdir(exist_ok=True)
        part = self._folder / f"steps-{steps.min():09d}-{steps.max():09d}.parquet"
        write_atomically(part, lambda temporary: pq.write_table(table, temporary, compression="zstd"))
        self._pending.clear()


def repeated(value: int, count: int) -> NDArray[np.int64]:
    """A column that holds one number."""
    return np.full(count, value, dtype=np.int64)

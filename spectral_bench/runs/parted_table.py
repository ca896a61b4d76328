"""Columnar tables that grow during a run: a folder of Parquet parts that reads as one table.

A Parquet file cannot be appended to, and rewriting it at every flush takes time quadratic in its length. So rows are
buffered and sealed, a part at a time, into a folder such as ``gradients.parquet/``; ``pandas.read_parquet`` reads the
folder in one line and skips the hidden files a crash may leave.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spectral_bench.errors import DataError
from spectral_bench.runs.atomic import write_atomically
from spectral_bench.runs.layout import TABLES, TableColumn
from spectral_bench.runs.safe_reading import brief, read_bytes


def _schema(columns: Sequence[TableColumn]) -> pa.Schema:
    return pa.schema(
        [(column.name, pa.string() if column.type == "text" else pa.type_for_alias(column.type)) for column in columns]
    )


#: Names and types of the columns of every table that is written in parts.
SCHEMAS: Mapping[str, pa.Schema] = {name: _schema(columns) for name, columns in TABLES.items()}

#: The name of a part: the first and the last step in it.
_PART = re.compile(r"steps-(\d{9,})-(\d{9,})\.parquet")


class PartedTable:
    """A table written in parts.

    Args:
        folder: made when the first part is sealed.
        schema: names and types of the columns; the first is ``step``.
        digests: of the parts that exist already.

    Attributes:
        digests: the SHA-256 of every sealed part by its name.
    """

    def __init__(self, folder: Path, schema: pa.Schema, part_digests: Mapping[str, str] | None = None) -> None:
        self.digests = dict(part_digests or {})
        self._folder = folder
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []

    def add(self, columns: Mapping[str, NDArray[Any] | list[str]]) -> None:
        """Buffer rows, given as columns of equal length."""
        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        self._pending.append(pa.record_batch(arrays, schema=self._schema))

    def latest(self) -> pa.Table | None:
        """The rows of the last step, sealed or not; None when there are none.

        Raises:
            DataError: the last part is damaged.
        """
        if self._pending:
            table = pa.Table.from_batches(self._pending, self._schema)
        elif parts := sealed_parts(self._folder):
            table = read_part(parts[-1], self._schema)
        else:
            return None
        return table.filter(pc.equal(table["step"], pc.max(table["step"])))

    def seal(self) -> None:
        """Write the buffered rows as one part, named by the steps it covers."""
        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending, self._schema)
        steps = table["step"].to_numpy()
        self._folder.mkdir(exist_ok=True)
        part = self._folder / f"steps-{steps.min():09d}-{steps.max():09d}.parquet"
        stream = pa.BufferOutputStream()
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
        data = stream.getvalue()
        write_atomically(part, lambda file: file.write_bytes(data))
        self.digests[part.name] = sha256(data).hexdigest()
        self._pending.clear()


def sealed_parts(folder: Path) -> list[Path]:
    """The parts of a table, in the order of their steps."""
    return sorted(path for path in folder.glob("*") if _PART.fullmatch(path.name))


def read_part(part: Path, schema: pa.Schema) -> pa.Table:
    """The rows of one part, after a check of its checksums.

    Raises:
        DataError: it is damaged, or has other columns.
    """
    try:
        return pq.read_table(pa.BufferReader(read_bytes(part)), schema=schema, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{part}: is damaged ({brief(error)}).") from error


def part_digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every part by its name.

    Raises:
        OSError: one cannot be read.
    """
    return {part.name: sha256(read_bytes(part)).hexdigest() for part in sealed_parts(folder)}


def part_problems(folder: Path, schema: pa.Schema, promised: Mapping[str, str] | None, step: int) -> list[str]:
    """The problems of a table of a run: a message for each damaged, foreign or missing part.

    Args:
        folder: of the table; it need not exist.
        schema: names and types of the columns.
        promised: digests by the names of the parts that hold the steps before ``step``; None if nothing is known.
        step: of the checkpoint that promises them.
    """
    found = []
    lacking = dict(promised or {})
    for path in sorted(folder.glob("[!.]*")):  # every file here is read as a part of the table
        try:
            if not _PART.fullmatch(path.name):
                raise DataError(f"{path}: is not a part of this run's table.")
            read_part(path, schema)
            if promised is not None and (_first_step(path) < step or path.name in promised):
                _check_digest(path, lacking.pop(path.name, None))
        except DataError as error:
            found.append(str(error))
    return found + [f"{folder / name}: is not there." for name in sorted(lacking)]


def _check_digest(part: Path, promised: str | None) -> None:
    if promised is None:
        raise DataError(f"{part}: was not there at the last checkpoint.")
    if sha256(read_bytes(part)).hexdigest() != promised:
        raise DataError(f"{part}: is not what it was at the last checkpoint.")


def rewind_parts(folder: Path, step: int) -> None:
    """Remove the parts of step ``step`` and later, and half-written files of a crash.

    Parts are sealed at every checkpoint, and traces labelled with its step come after it,
    so no part spans a checkpoint.
    """
    for part in sealed_parts(folder):
        if _first_step(part) >= step:
            part.unlink()
    for leftover in folder.glob(".steps-*"):
        leftover.unlink()


def _first_step(part: Path) -> int:
    return int(part.name.split("-")[1])


def repeated(value: int, count: int) -> NDArray[np.int64]:
    """A column that holds one number."""
    return np.full(count, value, dtype=np.int64)

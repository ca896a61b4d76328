"""Columnar tables that grow during a run, in parts, and are one Parquet file when it ends.

A Parquet file cannot be appended to, and rewriting it at every flush takes time quadratic in its length. So rows are
buffered and written, a part at a time, into a folder such as ``gradients.parts``. A part is merged with the one before
it while that is less than twice as long: then their number grows with the logarithm of the rows, and so does how often
a row is written. When a session ends, the parts become ``gradients.parquet``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spectral_bench.errors import DataError
from spectral_bench.runs.atomic import write_atomically
from spectral_bench.runs.layout import TABLES, TableColumn, parts_folder
from spectral_bench.runs.row_digest import RowDigest
from spectral_bench.runs.safe_reading import brief, read_bytes
from spectral_bench.runs.table_files import all_parts, part_name, table_files


def _schema(columns: Sequence[TableColumn]) -> pa.Schema:
    return pa.schema(
        [(column.name, pa.string() if column.type == "text" else pa.type_for_alias(column.type)) for column in columns]
    )


#: Names and types of the columns of every table that is written in parts.
SCHEMAS: Mapping[str, pa.Schema] = {name: _schema(columns) for name, columns in TABLES.items()}

#: Rows that a reader of the one file has to hold at least.
_ROW_GROUP = 1 << 20


class PartedTable:
    """A table that grows, after the rows that its parts hold already.

    Args:
        path: of the one file that it is to become.
        schema: names and types of the columns; the first is ``step``.

    Raises:
        DataError: a file of it is damaged.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._folder = path.parent / parts_folder(path.name)
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []
        self._digest = RowDigest(schema)
        self._lengths: dict[Path, int] = {}  # of the parts, in their order
        for file in table_files(path):
            rows = read_part(file, schema)
            self._digest.add(rows)
            self._lengths[file] = rows.num_rows

    def add(self, columns: Mapping[str, NDArray[Any] | list[str]]) -> None:
        """Buffer rows, given as columns of equal length."""
        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        batch = pa.record_batch(arrays, schema=self._schema)
        self._digest.add(pa.Table.from_batches([batch]))
        self._pending.append(batch)

    def latest(self) -> pa.Table | None:
        """The rows of the last step, written or not; None when there are none.

        Raises:
            DataError: the last part is damaged.
        """
        if self._pending:
            table = pa.Table.from_batches(self._pending, self._schema)
        elif files := table_files(self._path):
            table = read_part(files[-1], self._schema)
        else:
            return None
        return table.filter(pc.equal(table["step"], pc.max(table["step"])))

    def mark(self) -> dict[str, Any]:
        """What a checkpoint records of the rows so far, which are on the disk when this returns."""
        self.flush()
        return self._digest.mark()

    def flush(self) -> None:
        """Write the buffered rows: as a part, merged with those before it that are not much longer."""
        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending, self._schema)
        self._folder.mkdir(exist_ok=True)
        self._lengths[write_part(self._folder, table)] = table.num_rows
        self._pending.clear()
        while len(self._lengths) > 1:
            before, last = list(self._lengths)[-2:]
            if self._lengths[before] >= 2 * self._lengths[last]:
                break
            table = pa.concat_tables([read_part(before, self._schema), read_part(last, self._schema)])
            merged = write_part(self._folder, table)
            for part in (before, last):
                del self._lengths[part]
                part.unlink()
            self._lengths[merged] = table.num_rows

    def join(self) -> None:
        """Make one file of all rows. Equal rows make equal files, whatever parts they lay in."""
        self.flush()
        if not self._lengths:
            return
        tables = (read_part(part, self._schema) for part in self._lengths)

        def write(temporary: Path) -> None:
            with (
                temporary.open("wb") as file,
                pq.ParquetWriter(file, self._schema, **_encoding(self._schema)) as writer,
            ):
                for rows in _in_groups(tables, self._schema):
                    writer.write_table(rows, row_group_size=_ROW_GROUP)

        write_atomically(self._path, write)
        remove_parts(self._path)


def write_part(folder: Path, rows: pa.Table) -> Path:
    """Write rows as one part, named by the steps it covers, whole or not at all."""
    steps = rows["step"].to_numpy()
    part = folder / part_name(steps.min(), steps.max())
    stream = pa.BufferOutputStream()
    pq.write_table(rows, stream, **_encoding(rows.schema))
    data = stream.getvalue()
    write_atomically(part, lambda file: file.write_bytes(data))
    return part


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """How files of a table are written.

    Hardly two measured numbers are equal, so a dictionary of them only costs; of numbers of like size the bytes of sign
    and exponent are alike, and compress once they lie side by side (a third off the singular values of 100 layers).
    """
    measured = [field.name for field in schema if pa.types.is_floating(field.type)]
    return {
        "compression": "zstd",
        "write_page_checksum": True,
        "use_dictionary": [name for name in schema.names if name not in measured],
        "use_byte_stream_split": measured,
    }


def read_part(file: Path, schema: pa.Schema) -> pa.Table:
    """The rows of one file of a table, after a check of its checksums.

    Raises:
        DataError: it is damaged, or has other columns.
    """
    try:
        rows = pq.read_table(pa.BufferReader(read_bytes(file)), schema=schema, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file}: is damaged ({brief(error)}).") from error
    if any(column.null_count for column in rows.columns):  # the header of a page is not in its checksum
        raise DataError(f"{file}: is damaged (a value is missing).")
    return rows


def remove_parts(path: Path) -> None:
    """Remove the parts of a table, and half-written files of a crash."""
    folder = path.parent / parts_folder(path.name)
    for file in [*all_parts(path), *folder.glob(".steps-*")]:
        file.unlink()
    with suppress(OSError):  # it is not there, or holds files of other people
        folder.rmdir()


def _in_groups(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in groups of ``_ROW_GROUP``, the last one shorter, each in one piece."""
    waiting = schema.empty_table()
    for table in tables:
        waiting = pa.concat_tables([waiting, table])
        while waiting.num_rows >= _ROW_GROUP:
            yield waiting.slice(0, _ROW_GROUP).combine_chunks()
            waiting = waiting.slice(_ROW_GROUP)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def repeated(value: int, count: int) -> NDArray[np.int64]:
    """A column that holds one number."""
    return np.full(count, value, dtype=np.int64)

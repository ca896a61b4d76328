"""Read the tables of a run directory, in whatever state they are."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.runs.layout import (
    METRIC_PLACE,
    METRICS,
    METRICS_COLUMNS,
    SPLIT_PLACE,
    STEP_PLACE,
    TABLES,
    TableColumn,
)
from spectral_bench.runs.safe_reading import read_bytes, regular_file
from spectral_bench.runs.table_files import table_files

if TYPE_CHECKING:
    import pyarrow as pa

#: What every ``metrics.csv`` has, beside the metric, whose title is its name.
_COLUMNS = {column.name for column in METRICS_COLUMNS} - {METRICS_COLUMNS[METRIC_PLACE].name}

#: Bytes of ``metrics.csv`` that hold its first measurements.
_BEGINNING = 1 << 14

#: Digits of the longest step that fits into 64 bits; Python reads no number of thousands of them.
_DIGITS = 19

#: How often the files of a trace are listed again when one of them is gone: a growing run merges some twice a minute.
_ATTEMPTS = 5


def has_whole_metrics(directory: Path) -> bool:
    """Whether ``metrics.csv`` has a valid header, or does not exist or is empty."""
    try:
        with regular_file(directory / METRICS).open("rb") as file:
            first = file.readline(4096)
    except OSError:
        return True
    return not first or set(first.decode(errors="replace").rstrip().split(",")) >= _COLUMNS


def read_metrics(directory: Path) -> tuple[str | None, list[dict[str, str]]]:
    """The rows of ``metrics.csv`` as text, and the name of the metric.

    A row that a crash cut short is left out. Where a run was resumed and measured a step again, the later row counts.
    """
    try:
        return _rows(read_bytes(directory / METRICS))
    except OSError:
        return None, []


def _rows(content: bytes) -> tuple[str | None, list[dict[str, str]]]:
    text = content.decode(errors="replace")
    whole = text[: text.rfind("\n") + 1]
    try:
        rows = list(csv.reader(io.StringIO(whole.replace("\0", ""))))
    except csv.Error:
        return None, []
    if not rows or len(rows[0]) < len(METRICS_COLUMNS) or not set(rows[0]) >= _COLUMNS:
        return None, []
    header = rows[0]
    found = {}
    for row in rows[1:]:
        if len(row) == len(header) and row[STEP_PLACE].isdecimal() and len(row[STEP_PLACE]) <= _DIGITS:
            found[row[STEP_PLACE], row[SPLIT_PLACE]] = dict(zip(header, row, strict=True))
    return header[METRIC_PLACE], list(found.values())


def first_look(directory: Path) -> int | None:
    """The step of the first measurement on validation data; None where there is none."""
    try:
        with regular_file(directory / METRICS).open("rb") as file:
            _, rows = _rows(file.read(_BEGINNING))
    except OSError:
        return None
    return next((int(row["step"]) for row in rows if row["split"] == "validation"), None)


def metrics_damage(directory: Path, steps: int) -> str | None:
    """What is missing at the end of the ``metrics.csv`` of a completed run; None if nothing, or if there is no file.

    Args:
        directory: of the run.
        steps: updates it made; the last measurements are of these weights.
    """
    try:
        content = read_bytes(directory / METRICS)
    except OSError:
        return None
    _, rows = _rows(content)
    last = max((int(row["step"]) for row in rows), default=0)
    if last < steps:
        return f"{METRICS} ends at step {last:,} of {steps:,}"
    return None if content.endswith(b"\n") else f"{METRICS} ends in the middle of a row"


def read_trace(
    directory: Path, name: str, damaged: list[Path] | None = None, *, last_only: bool = False
) -> "pa.Table | None":
    """``gradients.parquet`` or ``spectrum.parquet`` so far; None when nothing of it can be read.

    Args:
        directory: of the run, which may be growing.
        name: of the table.
        damaged: receives the files that cannot be read.
        last_only: read only the last file, enough to know the last traced step.
    """
    for _ in range(_ATTEMPTS):
        try:
            table, unreadable = _read_files(table_files(directory / name), TABLES[name], last_only)
            break
        except FileNotFoundError:  # it was merged with others since the listing
            continue
    else:
        return None
    if damaged is not None:
        damaged += unreadable
    return table


def _read_files(
    files: list[Path], columns: Sequence[TableColumn], last_only: bool
) -> "tuple[pa.Table | None, list[Path]]":
    """The rows of files, and those of the files that cannot be read or are of another table.

    Raises:
        FileNotFoundError: a file is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables: list[pa.Table] = []
    damaged = []
    for file in reversed(files):
        try:
            table = pq.read_table(pa.BufferReader(read_bytes(file)), page_checksum_verification=True)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException):  # the other files are still valid
            damaged.append(file)
            continue
        if not _has_columns(table, columns):
            damaged.append(file)
            continue
        tables.append(table)
        if last_only:
            break
    return pa.concat_tables(reversed(tables), promote_options="permissive") if tables else None, damaged


def _has_columns(table: "pa.Table", columns: Sequence[TableColumn]) -> bool:
    """Whether the numbers are where they belong. Tables of earlier formats lack columns of text."""
    import pyarrow as pa

    def is_number(name: str) -> bool:
        kind = table.schema.field(name).type
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))

    return all(
        column.name in table.column_names and is_number(column.name) for column in columns if column.type != "text"
    )


def last_step(table: "pa.Table") -> "dict[str, NDArray[Any]]":
    """The columns of a trace, restricted to the last traced step."""
    columns = {name: table[name].to_numpy() for name in table.column_names}
    chosen = columns["step"] == columns["step"].max()
    return {name: values[chosen] for name, values in columns.items()}


def by_layer(columns: "dict[str, NDArray[Any]]") -> dict[int, NDArray[np.float64]]:
    """Gradient norms of one step, an array over t for each layer."""
    found = {}
    for layer in np.unique(columns["layer"]):
        rows = columns["layer"] == layer
        order = np.argsort(columns["t"][rows])
        found[int(layer)] = columns["norm"][rows][order]
    return found

"""Runs in a list: a row each, columns of choice."""

from collections.abc import Sequence
from typing import Any

from spectral_bench.config.keys import absent, as_typed, in_order
from spectral_bench.errors import InputError
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import check_field
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.numbers import NOTHING, number

#: What identifies a run, how it stands, and what it came to, in 80 columns; of tasks, each has a table of its own.
USUAL = ("run_id", "model", "status", "test", "tag")

#: What people write.
_TEXTS = ("tag", "note")


def run_listing(runs: Sequence[Run], columns: Sequence[str], sort: str | None, notes: Sequence[str]) -> Report:
    """A row for every run.

    Args:
        runs: what to list.
        columns: any field of a run, ``path``, ``started`` or ``ended``, all shown; none: ``USUAL``, each task apart.
        sort: one of these, ``-KEY`` for descending; None: the newest first.
        notes: about the whole list.

    Raises:
        InputError: no run has one of the fields, or a column is named twice.
    """
    fields = [_fields(run) for run in runs]
    for key in columns:  # of the usual ones, which nobody named, a young run has no result
        check_field(key, fields)
    if len(set(columns)) < len(columns):
        raise InputError(f"--columns {','.join(columns)}: a column is named twice.")
    rows = sorted_by(fields, sort)
    parts = {"": rows} if columns else _by_task(rows)
    tables = [_table(task, part, columns) for task, part in parts.items() if part]
    records = [{key: _plain(row.get(key)) for key in dict.fromkeys([*(columns or USUAL), "path"])} for row in rows]
    document = {"schema": "spectral-bench/runs", "version": 1, "runs": records}
    return Report(tables, records, document, list(notes))


def sorted_by(fields: Sequence[dict[str, Any]], sort: str | None) -> list[dict[str, Any]]:
    """Rows in the order of a key: numbers, then words; rows without a value last, whichever the direction.

    Raises:
        InputError: no row has the key.
    """
    key, reverse = ("started", True) if sort is None else (sort.removeprefix("-"), sort.startswith("-"))
    check_field(key, fields)
    known = [row for row in fields if row.get(key) is not None]
    with_value = sorted(known, key=lambda row: in_order(row[key]), reverse=reverse)
    return with_value + [row for row in fields if row.get(key) is None]


def _table(task: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    names = columns or USUAL
    right = {key for key in names if all(_is_number(row.get(key)) or row.get(key) is None for row in rows)}
    labels, optional = ("run_id", "path"), () if columns else ("tag",)  # what somebody named is shown, empty or not
    shown = [
        Column(
            key, "right" if key in right else "left", key in labels, key in optional, key in labels, wraps=key in _TEXTS
        )
        for key in names
    ]
    cells = [[Cell(_shown(key, row.get(key))) for key in names] for row in rows]
    counted = "1 run" if len(rows) == 1 else f"{len(rows):,} runs"
    return Table(f"{task}, {counted}" if task else counted, "", shown, cells).without_empty_columns()


def _by_task(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(str(row["task"]), []).append(row)
    return dict(sorted(parts.items()))


def _fields(run: Run) -> dict[str, Any]:
    times = {key: run.manifest.get(key) for key in ("started", "ended")}
    return {**run.fields(), **times, "path": str(run.directory)}


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "" if key in _TEXTS else absent(key, NOTHING)
    return number(value) if isinstance(value, float) else " ".join(as_typed(value).split())


def _plain(value: Any) -> Any:
    return ",".join(value) if isinstance(value, tuple) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""Read time series in the formats of the UCR archive: one series per line, with its class.

Two forms. A *table* (``.tsv``, ``.txt``, ``.csv``, no ending): the label, then the values, separated by tabs, commas or
blanks. A ``.ts`` file: a header of ``@`` lines, ``@data``, then the values separated by commas, a colon, the label.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MISSING = {"", "?", "na", "nan"}


class ClassifiedSeries(NamedTuple):
    """The content of one file: values (N, L), N labels, and the line of each series."""

    values: NDArray[np.float32]
    labels: list[str]
    lines: list[int]


class SeriesError(ValueError):
    """The file is malformed; the message names the line and the reason."""


class _Row(NamedTuple):
    line: int
    label: str
    values: list[str]


def read_series(file: Path) -> ClassifiedSeries:
    """All series of one file.

    Labels that are numbers are written the same way whatever their spelling: ``1``, ``1.0`` and ``1e0`` are one class.

    Raises:
        SeriesError: a ragged row, a value that is missing, infinite or not a number, a ``.ts`` file of anything but
            univariate classified series, no series at all, or a file that cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SeriesError("not a text file; expected one series a line") from error
    except OSError as error:
        raise SeriesError(f"cannot be read ({error.strerror or error})") from error
    rows = list(_ts_rows(lines) if file.suffix == ".ts" else _table_rows(lines))
    if not rows:
        raise SeriesError("holds no series; expected one a line")
    length = len(rows[0].values)
    if length == 0:
        raise SeriesError(f"line {rows[0].line}: a label without values")
    values = np.empty((len(rows), length), dtype=np.float32)
    for row, target in zip(rows, values, strict=True):
        if len(row.values) != length:
            raise SeriesError(
                f"line {row.line}: {len(row.values)} values, where line {rows[0].line} has {length}; "
                "series of unequal length are not supported"
            )
        _convert(row, target)
    return ClassifiedSeries(values, [row.label for row in rows], [row.line for row in rows])


def _table_rows(lines: list[str]) -> Iterator[_Row]:
    separator = None  # blanks
    first = next((line for line in lines if line.strip()), "")
    for candidate in ("\t", ","):
        if candidate in first:
            separator = candidate
            break
    for number, line in enumerate(lines, 1):
        if line.strip():
            label, *values = line.strip(" \r\n").split(separator)
            yield _Row(number, _label(label, number), values)


def _ts_rows(lines: list[str]) -> Iterator[_Row]:
    in_data = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if in_data:
            values, *labels = text.split(":")
            if len(labels) != 1:
                raise SeriesError(
                    f"line {number}: {len(labels)} colons; expected one, between the values and the class"
                )
            yield _Row(number, _label(labels[0], number), values.split(","))
        elif text.startswith("@"):
            in_data = text.lower() == "@data"
            _check_header(text.lower().split(), number)
        else:
            raise SeriesError(f"line {number}: expected a header line (@...) before @data")
    if not in_data:
        raise SeriesError("has no @data line; expected a .ts file")


def _check_header(words: list[str], number: int) -> None:
    refused = {
        ("@univariate", "false"): "several dimensions",
        ("@timestamps", "true"): "time stamps",
        ("@equallength", "false"): "series of unequal length",
        ("@missing", "true"): "missing values",
        ("@classlabel", "false"): "series without classes",
        ("@targetlabel", "true"): "numbers to predict, not classes",
    }
    reason = refused.get((words[0], words[1] if len(words) > 1 else ""))
    if reason:
        raise SeriesError(f"line {number}: '{' '.join(words[:2])}' announces {reason}, which is not supported")


def _label(text: str, line: int) -> str:
    text = text.strip()
    if text.lower() in _MISSING:
        raise SeriesError(f"line {line}: no class")
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)


def _convert(row: _Row, target: NDArray[np.float32]) -> None:
    """Write the values of a row into ``target``."""
    try:
        with np.errstate(over="ignore"):  # too large for float32: infinite, and refused below
            target[:] = [float(value) for value in row.values]
    except ValueError:
        pass
    else:
        if np.isfinite(target).all():
            return
    position, text = next((i, value) for i, value in enumerate(row.values, 1) if not _is_finite(value))
    if text.strip().lower() not in _MISSING:
        raise SeriesError(f"line {row.line}, value {position}: '{text}' is not a finite number")
    rest = {value.strip().lower() for value in row.values[position - 1 :]}
    reason = "a shorter series padded at its end" if rest <= _MISSING and position > 1 else "a missing value"
    raise SeriesError(f"line {row.line}, value {position}: '{text}' is {reason}, which is not supported")


def _is_finite(text: str) -> bool:
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.float32(float(text))))
    except ValueError:
        return False

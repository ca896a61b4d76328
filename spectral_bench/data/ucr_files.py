"""Read time series in the formats of the UCR archive: one series per line, with its class.

Two forms. A *table* (``.tsv``, ``.txt``, ``.csv``, no ending): the label, then the values, separated by tabs, commas or
blanks. A ``.ts`` file: a header of ``@`` lines, ``@data``, then the values separated by commas, a colon, the label.
Lines of it that begin with ``#`` or ``%`` are comments.

Labels are text: ``1_1`` and ``11`` are two classes, and so are ``1e2`` and ``100``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectral_bench.data.text_lines import NotTextError, read_lines

_MISSING = {"", "?", "na", "nan"}


class ClassifiedSeries(NamedTuple):
    """The content of one file: values (N, L), N labels, and the line of each series."""

    values: NDArray[np.float32]
    labels: list[str]
    lines: list[int]


class SeriesError(ValueError):
    """The file is malformed; the message names the line and the reason."""


class UnsupportedSeriesError(SeriesError):
    """The file is well formed and holds series that cannot be used; the message names the line and the reason."""


class _Row(NamedTuple):
    line: int
    label: str
    values: list[str]


def read_series(file: Path) -> ClassifiedSeries:
    """All series of one file.

    What a header announces is not believed but looked for: a set whose header says ``@missing true`` or ``@equalLength
    false`` is read where its files are complete and of one length. Separators at the ends of lines are no values.

    Raises:
        UnsupportedSeriesError: several dimensions, unequal lengths, missing values, time stamps, or no classes.
        SeriesError: a value that is infinite or not a number, a series without a class, no series at all, or a file
            that cannot be read.
    """
    try:
        lines = read_lines(file, older_encodings=True)
    except NotTextError as error:
        raise SeriesError(f"{error}; expected one series a line") from error
    except OSError as error:
        raise SeriesError(f"cannot be read ({error.strerror or error})") from error
    rows = _without_trailing_separators(list(_ts_rows(lines) if file.suffix == ".ts" else _table_rows(lines)))
    if not rows:
        raise SeriesError("holds no series; expected one a line")
    length = len(rows[0].values)
    if length == 0:
        raise SeriesError(f"line {rows[0].line}: a label without values")
    values = np.empty((len(rows), length), dtype=np.float32)
    for row, target in zip(rows, values, strict=True):
        if len(row.values) != length:
            raise UnsupportedSeriesError(
                f"line {row.line}: {len(row.values)} values, where line {rows[0].line} has {length}; "
                "series of unequal length are not supported"
            )
        _convert(row, target)
    return ClassifiedSeries(values, [row.label for row in rows], [row.line for row in rows])


def _without_trailing_separators(rows: list[_Row]) -> list[_Row]:
    """The rows without the empty values at their ends, if that leaves rows of one length; else as they are.

    Otherwise the empty values are missing ones, or make up for a series that is shorter than others.
    """
    shortened = [row._replace(values=row.values[: _last_written(row.values)]) for row in rows]
    return shortened if len({len(row.values) for row in shortened}) == 1 else rows


def _last_written(values: list[str]) -> int:
    """How many values there are up to the last that is not empty."""
    return next((place for place in range(len(values), 0, -1) if values[place - 1].strip()), 0)


def _table_rows(lines: list[str]) -> Iterator[_Row]:
    separator = None  # blanks
    first = next((line for line in lines if line.strip()), "")
    for candidate in ("\t", ","):
        if candidate in first:
            separator = candidate
            break
    for number, line in enumerate(lines, 1):
        if line.strip():
            label, *values = line.strip(" ").split(separator)
            yield _Row(number, _label(label, number), values)


def _ts_rows(lines: list[str]) -> Iterator[_Row]:
    in_data = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("#", "%")):
            continue
        if in_data:
            values, *labels = text.split(":")
            if not labels:
                raise SeriesError(f"line {number}: 0 colons; expected one, between the values and the class")
            if len(labels) > 1:
                raise UnsupportedSeriesError(
                    f"line {number}: {len(labels)} colons, as a series of {len(labels)} dimensions has; several "
                    "dimensions are not supported"
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
    """Refuse what announces rows of another form, in which something else would be taken for values and classes."""
    refused = {
        ("@timestamps", "true"): "time stamps",
        ("@classlabel", "false"): "series without classes",
        ("@targetlabel", "true"): "numbers to predict, not classes",
    }
    reason = refused.get((words[0], words[1] if len(words) > 1 else ""))
    if reason:
        raise UnsupportedSeriesError(
            f"line {number}: '{' '.join(words[:2])}' announces {reason}, which is not supported"
        )


def _label(text: str, line: int) -> str:
    text = text.strip()
    if text.lower() in _MISSING:
        raise SeriesError(f"line {line}: no class")
    return text


def _convert(row: _Row, target: NDArray[np.float32]) -> None:
    """Write the values of a row into ``target``."""
    try:
        with np.errstate(over="ignore"):  # too large for float32: infinite, and refused below
            target[:] = [_number(value) for value in row.values]
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
    raise UnsupportedSeriesError(f"line {row.line}, value {position}: '{text}' is {reason}, which is not supported")


def _number(text: str) -> float:
    """A number as files write it: Python's own notation would take ``1_1`` for 11."""
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _is_finite(text: str) -> bool:
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.float32(_number(text))))
    except ValueError:
        return False

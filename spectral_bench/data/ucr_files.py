"""Read time series in the formats of the UCR and UEA archives: one series per line, with its class.

Two forms. A *table* (``.tsv``, ``.txt``, ``.csv``, no ending): the label, then the values, separated by tabs, commas or
blanks; a series that is shorter than others may be padded with missing values at its end. A ``.ts`` file: a header of
``@`` lines, ``@data``, then the values separated by commas, a colon, the label; of several dimensions, one after the
other with a colon between. Lines of it that begin with ``#`` or ``%`` are comments.

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
    """The content of one file.

    Attributes:
        values: (N, L, D), L the longest length, D dimensions; zero after the end of a series.
        lengths: (N,), values of each series in a dimension.
        labels: N of them.
        lines: where each series stands.
    """

    values: NDArray[np.float32]
    lengths: NDArray[np.int64]
    labels: list[str]
    lines: list[int]


class SeriesError(ValueError):
    """The file is malformed; the message names the line and the reason."""


class UnsupportedSeriesError(SeriesError):
    """The file is well formed and holds series that cannot be used; the message names the line and the reason."""


class _Row(NamedTuple):
    line: int
    label: str
    dimensions: list[list[str]]


def read_series(file: Path) -> ClassifiedSeries:
    """All series of one file.

    What a header announces is not believed but looked for: a set whose header says ``@missing true`` is read where its
    files are complete, and lengths and dimensions are those of the rows. Separators at the ends of lines are no values.

    Raises:
        UnsupportedSeriesError: missing values, time stamps, or no classes.
        SeriesError: a value that is infinite or not a number, dimensions that differ in number or length, a series
            without a class or without values, no series at all, or a file that cannot be read.
    """
    try:
        lines = read_lines(file, older_encodings=True)
    except NotTextError as error:
        raise SeriesError(f"{error}; expected one series a line") from error
    except OSError as error:
        raise SeriesError(f"cannot be read ({error.strerror or error})") from error
    rows = list(_ts_rows(lines) if file.suffix == ".ts" else _table_rows(lines))
    if not rows:
        raise SeriesError("holds no series; expected one a line")
    series = [_converted(row, rows[0]) for row in rows]
    lengths = np.array([values.shape[1] for values in series])
    padded = np.zeros((len(rows), lengths.max(), len(rows[0].dimensions)), dtype=np.float32)
    for target, values in zip(padded, series, strict=True):
        target[: values.shape[1]] = values.T
    return ClassifiedSeries(padded, lengths, [row.label for row in rows], [row.line for row in rows])


def _up_to_last(values: list[str], unwritten: set[str]) -> list[str]:
    """The values without those at the end that say nothing."""
    count = len(values)
    while count and values[count - 1].strip().lower() in unwritten:
        count -= 1
    return values[:count]


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
            yield _Row(number, _label(label, number), [_up_to_last(values, _MISSING)])


def _ts_rows(lines: list[str]) -> Iterator[_Row]:
    in_data = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("#", "%")):
            continue
        if in_data:
            *dimensions, label = text.split(":")
            if not dimensions:
                raise SeriesError(f"line {number}: 0 colons; expected one, between the values and the class")
            values = [_up_to_last(values.split(","), {""}) for values in dimensions]
            yield _Row(number, _label(label, number), values)
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


def _converted(row: _Row, first: _Row) -> NDArray[np.float32]:
    """The values of a series, shape (D, L); the first series of the file says how many dimensions there are."""
    if len(row.dimensions) != len(first.dimensions):
        count = len(row.dimensions)
        raise SeriesError(f"line {row.line}: {count} dimensions, where line {first.line} has {len(first.dimensions)}")
    lengths = [len(values) for values in row.dimensions]
    if len(set(lengths)) > 1:
        raise SeriesError(f"line {row.line}: its dimensions have {' and '.join(map(str, lengths))} values")
    if lengths[0] == 0:
        raise SeriesError(f"line {row.line}: a label without values")
    try:
        with np.errstate(over="ignore"):  # too large for float32: infinite, and refused below
            numbers = np.array([[_number(value) for value in values] for values in row.dimensions], dtype=np.float32)
    except ValueError:
        pass
    else:
        if np.isfinite(numbers).all():
            return numbers
    raise _refusal(row)


def _refusal(row: _Row) -> SeriesError:
    """The error for a series that holds something else than finite numbers."""
    dimension, position, text = next(
        (dimension, position, value)
        for dimension, values in enumerate(row.dimensions, 1)
        for position, value in enumerate(values, 1)
        if not _is_finite(value)
    )
    where = f"line {row.line}, " + (f"dimension {dimension}, " if len(row.dimensions) > 1 else "") + f"value {position}"
    if text.strip().lower() in _MISSING:
        return UnsupportedSeriesError(f"{where}: '{text}' is a missing value, which is not supported")
    return SeriesError(f"{where}: '{text}' is not a finite number")


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

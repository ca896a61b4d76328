"""Errors for data files that are missing or cannot be used: which file, what was expected, and what helps."""

import shlex
from pathlib import Path

from spectral_bench.data.datasets import MNIST, PTB, Dataset, known_ucr_names
from spectral_bench.data.status import FileState, status
from spectral_bench.errors import DataError


def missing(dataset: Dataset, data_dir: Path) -> DataError:
    """The error for a data set with a missing file."""
    absent = [paths[0] for paths, found in zip(dataset.choices, dataset.find(data_dir), strict=True) if found is None]
    return DataError(
        f"Data set {dataset.name} is not complete in {data_dir}: {absent[0]} is not there.\n"
        f"Expected: {dataset.layout}.{_advice('Get it with: ', dataset, data_dir)}"
    )


def damaged(dataset: Dataset, data_dir: Path, file: Path, problem: str) -> DataError:
    """The error for a file that holds something else than it should: a download gone wrong, or somebody's own text.

    Args:
        dataset: the data set it belongs to.
        data_dir: where data sets are looked for.
        file: the file.
        problem: what was found and what was expected, without a full stop.
    """
    return DataError(f"{file}: {problem}.{_advice_again(dataset, data_dir, file)}")


def unsupported(dataset: Dataset, data_dir: Path, file: Path, problem: str, expected: str) -> DataError:
    """The error for a file that is what it should be and cannot be used, unless its digest says that it is damaged.

    Args:
        dataset: the data set it belongs to.
        data_dir: where data sets are looked for.
        file: the file.
        problem: what was found, without a full stop.
        expected: what can be used, in a sentence.
    """
    advice = _advice_again(dataset, data_dir, file) if is_changed(dataset, data_dir, file) else ""
    return DataError(f"{file}: {problem}. {expected}{advice}")


def is_changed(dataset: Dataset, data_dir: Path, file: Path) -> bool:
    """Whether a file has another digest than it is known to have."""
    return _state(dataset, data_dir, file) is FileState.different


def download_command(dataset: Dataset, data_dir: Path) -> str | None:
    """The command that downloads a data set into this folder; None for a set of somebody's own."""
    if dataset.name not in (MNIST.name, PTB.name, *known_ucr_names()):
        return None
    return f"spectral-bench data download {dataset.name} --data-dir {shlex.quote(str(data_dir))}"


def _advice(words: str, dataset: Dataset, data_dir: Path) -> str:
    command = download_command(dataset, data_dir)
    return "" if command is None else f"\n{words}{command}"


def _advice_again(dataset: Dataset, data_dir: Path, file: Path) -> str:
    """How to get a file again, where another would come: not where this one has the digest it should have."""
    if _state(dataset, data_dir, file) in (FileState.known, FileState.recorded):
        return ""
    return _advice("Get it again with: ", dataset, data_dir)


def _state(dataset: Dataset, data_dir: Path, file: Path) -> FileState:
    """How the digest of a file stands to the one it should have."""
    try:
        return next(one.state for one in status(dataset, data_dir, check=True) if one.path == file)
    except DataError:  # it cannot be read
        return FileState.different

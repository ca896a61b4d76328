"""Errors for missing and damaged data files: which file, what was expected, and the command that downloads it."""

import shlex
from pathlib import Path

from spectral_bench.data.datasets import Dataset
from spectral_bench.errors import DataError


def missing(dataset: Dataset, data_dir: Path) -> DataError:
    """The error for a data set with a missing file."""
    absent = [paths[0] for paths, found in zip(dataset.choices, dataset.find(data_dir), strict=True) if found is None]
    return DataError(
        f"Data set {dataset.name} is not complete in {data_dir}: {absent[0]} is not there.\n"
        f"Expected: {dataset.layout}.\nGet it with: {download_command(dataset, data_dir)}"
    )


def damaged(dataset: Dataset, data_dir: Path, file: Path, problem: str) -> DataError:
    """The error for a damaged file.

    Args:
        dataset: the data set it belongs to.
        data_dir: where data sets are looked for.
        file: the file.
        problem: what was found and what was expected, without a full stop.
    """
    return DataError(f"{file}: {problem}.\nGet it again with: {download_command(dataset, data_dir)}")


def download_command(dataset: Dataset, data_dir: Path) -> str:
    """The command that downloads a data set into this folder."""
    return f"spectral-bench data download {dataset.name} --data-dir {shlex.quote(str(data_dir))}"

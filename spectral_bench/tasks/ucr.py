"""Any set of the UCR archive of time series (Dau et al., 2019), or of the same form."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spectral_bench.data.checksums import digests
from spectral_bench.data.datasets import Dataset, ucr, valid_ucr_name
from spectral_bench.data.problems import damaged, missing, unsupported
from spectral_bench.data.ucr_files import ClassifiedSeries, SeriesError, UnsupportedSeriesError, read_series
from spectral_bench.errors import InputError
from spectral_bench.tasks.classification import ClassificationTask, Labelled
from spectral_bench.tasks.divisors import check_divisor, largest_divisor_below_root
from spectral_bench.tasks.random_streams import Purpose, fixed_stream
from spectral_bench.tasks.task import TASKS

#: What a UCR set must be.
_EXPECTED = "Expected series of one dimension and of one length, without missing values."


@dataclass
class UCRConfig:
    """Keys of ``task=ucr``; see ``conf/task/ucr.yaml``."""

    name: str
    dataset: str
    input_size: int | None
    validation_fraction: float


@TASKS.register("ucr")
class UCRTask(ClassificationTask[UCRConfig]):
    """Classify the series of one UCR set, ``input_size`` values a time step.

    By default ``input_size`` is the largest divisor of the length that is not above its root. Zhang et al. (2018)
    print the rule with "depth <= root", which would make every series a single time step; the depths they name (251
    for ArrowHead, 131 for FaceAll, both prime) follow from the rule used here.

    The validation set is drawn from the training file class by class, the same for every seed, and leaves at least
    one series of every class for training. Values are used as they are in the file.

    Raises:
        InputError: there is no such set, ``input_size`` does not divide the length, or nothing can be spared for
            validation.
        DataError: a file is missing, or holds ragged rows, missing values, several dimensions, or classes that training
            never sees.
    """

    Config = UCRConfig

    def __init__(self, config: UCRConfig, data_dir: Path) -> None:
        if not 0 < config.validation_fraction < 1:
            raise InputError(f"task.validation_fraction={config.validation_fraction}: expected between 0 and 1.")
        dataset = ucr(valid_ucr_name(config.dataset, data_dir))
        files = [file for file in dataset.find(data_dir) if file is not None]
        if len(files) != len(dataset.choices):
            raise missing(dataset, data_dir)
        train, test = (_read(file, dataset, data_dir) for file in files)
        length = train.values.shape[1]
        if test.values.shape[1] != length:
            problem = f"series of {test.values.shape[1]} values, where {files[0].name} has {length}"
            raise unsupported(dataset, data_dir, files[1], problem, _EXPECTED)

        names = sorted(set(train.labels), key=_label_order)
        for label, line in zip(test.labels, test.lines, strict=True):
            if label not in names:
                problem = f"line {line}: class '{label}' is not in {files[0].name}, which has {', '.join(names)}"
                raise damaged(dataset, data_dir, files[1], problem)
        classes = np.array([names.index(label) for label in train.labels])
        held_out = hold_out(classes, config.validation_fraction)
        everything = _labelled(train, names)
        self._set_data(
            {
                "train": Labelled(everything.values[~held_out], everything.classes[~held_out]),
                "validation": Labelled(everything.values[held_out], everything.classes[held_out]),
                "test": _labelled(test, names),
            },
            input_size=(
                largest_divisor_below_root(length)
                if config.input_size is None
                else check_divisor("task.input_size", config.input_size, length)
            ),
            num_classes=len(names),
        )
        self.digests = digests(files, data_dir)


def hold_out(classes: NDArray[np.int64], fraction: float) -> NDArray[np.bool_]:
    """The series held out for validation: a fraction of every class, rounded, but never a whole class.

    When every class is too small for that, one series of the largest class is taken.

    Raises:
        InputError: every class has only one series.
    """
    rng = fixed_stream(Purpose.split)
    counts = np.bincount(classes)
    spared = np.minimum(np.floor(counts * fraction + 0.5).astype(int), counts - 1)
    if not spared.any():
        spared[counts.argmax()] = min(1, counts.max() - 1)
    if not spared.any():
        raise InputError("task.dataset: every class has a single training series, so none can be kept for validation.")
    held_out = np.zeros(len(classes), dtype=bool)
    for label, number in enumerate(spared):
        held_out[rng.permutation(np.flatnonzero(classes == label))[:number]] = True
    return held_out


def _read(file: Path, dataset: Dataset, data_dir: Path) -> ClassifiedSeries:
    try:
        return read_series(file)
    except UnsupportedSeriesError as error:
        raise unsupported(dataset, data_dir, file, str(error), _EXPECTED) from error
    except SeriesError as error:
        raise damaged(dataset, data_dir, file, str(error)) from error


def _labelled(series: ClassifiedSeries, names: list[str]) -> Labelled:
    classes = [names.index(label) for label in series.labels]
    return Labelled(torch.from_numpy(series.values), torch.tensor(classes))


def _label_order(label: str) -> tuple[bool, float, str]:
    """Numbers first, in their order; then words, in theirs."""
    try:
        number = float(label)
    except ValueError:
        return (True, 0.0, label)
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)

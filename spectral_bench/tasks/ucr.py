"""Any set of the UCR archive of time series (Dau et al., 2019), or of the same form."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectral_bench.data.checksums import digests
from spectral_bench.data.datasets import Dataset, ucr, valid_ucr_name
from spectral_bench.data.problems import damaged, is_changed, missing, unsupported
from spectral_bench.data.ucr_files import ClassifiedSeries, SeriesError, UnsupportedSeriesError, read_series
from spectral_bench.errors import InputError
from spectral_bench.tasks.classification import ClassificationTask, Labelled
from spectral_bench.tasks.divisors import check_divisor, largest_divisor_below_root
from spectral_bench.tasks.random_streams import Purpose, fixed_stream
from spectral_bench.tasks.task import TASKS

#: What a UCR set must be.
_EXPECTED = "Expected series without missing values, each with its class."


@dataclass
class UCRConfig:
    """Keys of ``task=ucr``; see ``conf/task/ucr.yaml``."""

    name: str
    dataset: str
    input_size: int | None
    validation_fraction: float


@TASKS.register("ucr")
class UCRTask(ClassificationTask[UCRConfig]):
    """Classify the series of one UCR or UEA set, ``input_size`` values a time step, each of D dimensions.

    By default ``input_size`` is the largest divisor of the length that is not above its root; of several dimensions,
    1. Zhang et al. (2018) print the rule with "depth <= root", which would make every series a single time step; the
    depths they name (251 for ArrowHead, 131 for FaceAll, both prime) follow from the rule used here.

    The length is that of the longest series of both files. A shorter one is padded with zeros, and ends with the time
    step that holds its last value: the class is read there. Where all end with the same step, there is nothing to it.

    The validation set is drawn from the training file class by class, the same for every seed, and leaves at least
    one series of every class for training. Values are used as they are in the file.

    Raises:
        InputError: there is no such set, ``input_size`` does not divide the length, or nothing can be spared for
            validation.
        DataError: a file is missing, or holds missing values, other dimensions than the other, classes that training
            never sees, or, for a set whose digest is known, is another one and ragged.
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
        dimensions = train.values.shape[2]
        if test.values.shape[2] != dimensions:
            problem = f"series of {test.values.shape[2]} dimensions, where {files[0].name} has {dimensions}"
            raise damaged(dataset, data_dir, files[1], problem)
        length = max(train.values.shape[1], test.values.shape[1])
        if config.input_size is not None:
            values_per_step = check_divisor("task.input_size", config.input_size, length)
        else:
            values_per_step = 1 if dimensions > 1 else largest_divisor_below_root(length)

        names = sorted(set(train.labels), key=_label_order)
        for label, line in zip(test.labels, test.lines, strict=True):
            if label not in names:
                problem = f"line {line}: class '{label}' is not in {files[0].name}, which has {', '.join(names)}"
                raise damaged(dataset, data_dir, files[1], problem)
        everything, tested = (_labelled(series, names, length, values_per_step) for series in (train, test))
        if _end_together(everything, tested):
            everything, tested = everything._replace(steps=None), tested._replace(steps=None)
        held_out = torch.from_numpy(hold_out(everything.classes.numpy(), config.validation_fraction))
        self._set_data(
            {"train": _chosen(everything, ~held_out), "validation": _chosen(everything, held_out), "test": tested},
            values_per_step,
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
        series = read_series(file)
    except UnsupportedSeriesError as error:
        raise unsupported(dataset, data_dir, file, str(error), _EXPECTED) from error
    except SeriesError as error:
        raise damaged(dataset, data_dir, file, str(error)) from error
    short = np.flatnonzero(series.lengths < series.lengths.max())
    if len(short) and is_changed(dataset, data_dir, file):
        problem = f"line {series.lines[short[0]]}: {series.lengths[short[0]]} values, where others have "
        raise damaged(dataset, data_dir, file, f"{problem}{series.lengths.max()}")
    return series


def _labelled(series: ClassifiedSeries, names: list[str], length: int, values_per_step: int) -> Labelled:
    """The series, padded with zeros to a length."""
    classes = torch.tensor([names.index(label) for label in series.labels])
    values = torch.from_numpy(np.pad(series.values, ((0, 0), (0, length - series.values.shape[1]), (0, 0))))
    return Labelled(values, classes, torch.from_numpy(-(-series.lengths // values_per_step)))


def _end_together(*data: Labelled) -> bool:
    """Whether all series end with the same time step."""
    return len({step for labelled in data if labelled.steps is not None for step in labelled.steps.tolist()}) == 1


def _chosen(data: Labelled, chosen: Tensor) -> Labelled:
    return Labelled(data.values[chosen], data.classes[chosen], None if data.steps is None else data.steps[chosen])


def _label_order(label: str) -> tuple[bool, float, str]:
    """Numbers first, in their order; then words, in theirs."""
    try:
        number = float(label)
    except ValueError:
        return (True, 0.0, label)
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)

"""MNIST read as a sequence, some pixels a time step, in the order of the rows or in a fixed random order."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import numpy as np
import torch
from torch import Tensor

from spectral_bench.data.checksums import digests
from spectral_bench.data.datasets import MNIST, MNIST_FILES
from spectral_bench.data.problems import damaged, missing
from spectral_bench.errors import InputError, StorageError
from spectral_bench.tasks.classification import ClassificationTask, Labelled
from spectral_bench.tasks.divisors import check_divisor
from spectral_bench.tasks.task import TASKS
from spectral_bench.tasks.vision import read_idx_images, read_idx_labels

PIXELS = 28 * 28
VALIDATION_SIZE = 5_000

#: NumPy's ``RandomState`` takes 32 bits.
_SEEDS = 2**32

_SHAPES = dict(zip(MNIST_FILES, ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,)), strict=True))


@dataclass
class MNISTConfig:
    """Keys of ``task=mnist``; see ``conf/task/mnist.yaml``."""

    name: str
    pixels_per_step: int
    permuted: bool
    permutation_seed: int

    def __post_init__(self) -> None:
        if not 0 <= self.permutation_seed < _SEEDS:
            raise InputError(
                f"task.permutation_seed={self.permutation_seed}: expected a whole number from 0 to {_SEEDS - 1}."
            )

    def unused(self) -> tuple[str, ...]:
        """The seed of a permutation, where there is none."""
        return () if self.permuted else ("permutation_seed",)


@TASKS.register("mnist")
class MNISTTask(ClassificationTask[MNISTConfig]):
    """Name the digit after 784 / ``pixels_per_step`` time steps; pixels are scaled to [0, 1].

    The first 5,000 training images are the validation set, as in TensorFlow's split that Wisdom et al. (2016) and
    scoRNN use; 55,000 remain. A permutation reorders single pixels and is drawn by NumPy's ``RandomState``; seed 92916
    is that of expRNN and scoRNN.

    Raises:
        InputError: ``pixels_per_step`` does not divide 784.
        DataError: a file is missing, truncated, or not the MNIST file it should be.
        StorageError: there is no room to unpack it.
    """

    Config = MNISTConfig

    def __init__(self, config: MNISTConfig, data_dir: Path) -> None:
        input_size = check_divisor("task.pixels_per_step", config.pixels_per_step, PIXELS)
        files = [file for file in MNIST.find(data_dir) if file is not None]
        if len(files) != len(MNIST_FILES):
            raise missing(MNIST, data_dir)
        images, labels, test_images, test_labels = (
            _read(file, name, data_dir) for file, name in zip(files, MNIST_FILES, strict=True)
        )
        if config.permuted:
            order = torch.from_numpy(np.random.RandomState(config.permutation_seed).permutation(PIXELS))
            images, test_images = images[:, order], test_images[:, order]
        self._set_data(
            {
                "train": Labelled(images[VALIDATION_SIZE:], labels[VALIDATION_SIZE:]),
                "validation": Labelled(images[:VALIDATION_SIZE], labels[:VALIDATION_SIZE]),
                "test": Labelled(test_images, test_labels),
            },
            values_per_step=input_size,
            num_classes=10,
        )
        self.digests = digests(files, data_dir)


def _read(file: Path, name: str, data_dir: Path) -> Tensor:
    """Images as (N, 784) uint8, or labels as (N,) int64."""
    shape = _SHAPES[name]
    expected = f"expected {shape[0]:,} " + ("images of 28 x 28 pixels" if len(shape) == 3 else "labels 0 to 9")
    try:
        content = _parse(file, len(shape) == 3)
    # gzip's errors for a file that is truncated or not a gzip file.
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise damaged(MNIST, data_dir, file, f"cannot be unpacked ({error}); {expected}") from error
    except OSError as error:
        raise damaged(MNIST, data_dir, file, f"cannot be read ({error.strerror}); {expected}") from error
    except (AssertionError, ValueError, TypeError, KeyError, RuntimeError) as error:  # what torchvision raises
        raise damaged(MNIST, data_dir, file, f"is not a whole IDX file; {expected}") from error
    if content.shape != shape:
        found = " x ".join(f"{size:,}" for size in content.shape)
        raise damaged(MNIST, data_dir, file, f"holds {found}; {expected}")
    if len(shape) == 1 and content.max() > 9:
        raise damaged(MNIST, data_dir, file, f"holds a label {content.max()}; {expected}")
    return content.flatten(1) if len(shape) == 3 else content


def _parse(file: Path, images: bool) -> Tensor:
    """Read a file, packed or not. torchvision takes unpacked files only, by their path."""
    read = read_idx_images if images else read_idx_labels
    if file.suffix != ".gz":
        return read(str(file))
    with gzip.open(file) as source:
        content = source.read()
    try:
        with TemporaryDirectory() as folder:
            unpacked = Path(folder) / file.stem
            unpacked.write_bytes(content)
            return read(str(unpacked))
    except OSError as error:
        raise StorageError(
            f"{file}: cannot be unpacked, for {gettempdir()} cannot be written ({error.strerror}). "
            "Make room there, or name another folder by the environment variable TMPDIR."
        ) from error

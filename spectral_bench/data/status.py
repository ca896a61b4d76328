"""Which files of a data set exist, and whether their digests are right."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from spectral_bench.data.checksums import read_sums, sha256
from spectral_bench.data.datasets import MNIST, PTB, Dataset, found_ucr_names, known_file, ucr


class FileState(Enum):
    """The state of a file."""

    missing = "missing"
    found = "found"  # its digest was not checked
    known = "digest as known"
    recorded = "digest as downloaded"
    unknown = "no digest known"
    different = "digest differs"


@dataclass(frozen=True)
class FileStatus:
    """One file of a data set: where it was found (or would be), its bytes, and its state."""

    path: Path
    size: int | None
    state: FileState
    digest: str | None = None
    expected: str | None = None


def status(dataset: Dataset, data_dir: Path, *, check: bool = False) -> list[FileStatus]:
    """Every file of a data set.

    Args:
        dataset: which.
        data_dir: where it is looked for.
        check: compute digests and compare them with the known ones, or with those recorded at the download.
    """
    statuses = []
    for paths, file in zip(dataset.choices, dataset.find(data_dir), strict=True):
        if file is None:
            statuses.append(FileStatus(data_dir / paths[0], None, FileState.missing))
        elif not check:
            statuses.append(FileStatus(file, file.stat().st_size, FileState.found))
        else:
            statuses.append(_checked(file, data_dir))
    return statuses


def _checked(file: Path, data_dir: Path) -> FileStatus:
    digest, size = sha256(file), file.stat().st_size
    known = known_file(file.relative_to(data_dir).as_posix())
    expected = known.sha256 if known else read_sums(file.parent).get(file.name)
    if expected is None:
        return FileStatus(file, size, FileState.unknown, digest)
    if digest != expected:
        return FileStatus(file, size, FileState.different, digest, expected)
    return FileStatus(file, size, FileState.known if known else FileState.recorded, digest, expected)


def found_datasets(data_dir: Path) -> list[Dataset]:
    """MNIST, PTB, and the UCR sets with any file in the data folder."""
    return [MNIST, PTB, *(ucr(name) for name in found_ucr_names(data_dir))]

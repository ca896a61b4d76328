"""Download a data set: every file that is missing or has the wrong digest."""

from collections.abc import Callable, Iterator
from pathlib import Path

from spectral_bench.data.archive import unpack
from spectral_bench.data.checksums import write_sums
from spectral_bench.data.datasets import Dataset, known_file
from spectral_bench.data.download import DownloadError, OnProgress, download
from spectral_bench.data.status import FileState, FileStatus, status
from spectral_bench.errors import DataError

#: Makes the progress callback of the file with this name.
FetchView = Callable[[str], OnProgress]


def fetch(dataset: Dataset, data_dir: Path, watch: FetchView) -> Iterator[str]:
    """Download a data set, yielding a line about every file.

    Raises:
        DataError: it cannot be downloaded; the message says where its files are expected.
    """
    files = status(dataset, data_dir, check=True)
    try:
        if dataset.archive is None:
            yield from _fetch_files(dataset, files, data_dir, watch)
        else:
            yield from _fetch_archive(dataset, dataset.archive, files, data_dir, watch)
    except DownloadError as error:
        by_hand = f"Its files can also be put by hand into {data_dir}: {dataset.layout}."
        raise DataError(f"{error}\n{by_hand}") from error


def _fetch_files(dataset: Dataset, files: list[FileStatus], data_dir: Path, watch: FetchView) -> Iterator[str]:
    for (path, *_), file in zip(dataset.choices, files, strict=True):
        if _is_right(file):
            yield f"{file.path}: already there, {file.state.value}"
            continue
        target, known = data_dir / path, known_file(path)
        if known is None:
            raise ValueError(f"no digest is known of {path}")
        _download_from_any(dataset.mirrors, target, known.size, known.sha256, watch(target.name))
        yield f"{target}: {known.size:,} bytes, {FileState.known.value}"


def _download_from_any(mirrors: tuple[str, ...], target: Path, size: int, sha256: str, progress: OnProgress) -> None:
    failures = []
    for mirror in mirrors:
        try:
            download(f"{mirror}{target.name}", target, size=size, sha256=sha256, progress=progress)
        except DownloadError as error:
            failures.append(str(error))
        else:
            return
    raise DownloadError("\n".join(failures))


def _fetch_archive(
    dataset: Dataset, url: str, files: list[FileStatus], data_dir: Path, watch: FetchView
) -> Iterator[str]:
    if all(map(_is_right, files)):
        yield from (f"{file.path}: already there, {file.state.value}" for file in files)
        return
    targets = [data_dir / paths[0] for paths in dataset.choices]
    folder = targets[0].parent
    archive = folder / f"{dataset.name}.zip"
    digest = download(url, archive, progress=watch(archive.name))
    try:
        unpacked = unpack(archive, tuple(target.name for target in targets), folder)
        write_sums(folder, unpacked)
    except OSError as error:
        raise DownloadError(f"{folder}: cannot be written ({error.strerror or error}).") from error
    finally:
        archive.unlink(missing_ok=True)
    yield f"{url}: SHA-256 {digest}; none is known to compare it with"
    for file in unpacked:
        yield f"{file}: {file.stat().st_size:,} bytes, digest recorded for `spectral-bench data verify`"


def _is_right(file: FileStatus) -> bool:
    return file.state in (FileState.known, FileState.recorded)

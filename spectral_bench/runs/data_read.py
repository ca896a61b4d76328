"""The data files that a run read: where they lie now, and whether they are the same."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectral_bench.config.data_folder import DATA_VARIABLE, default_data_dir
from spectral_bench.config.typed import expanded_path
from spectral_bench.data.datasets import same_for_copies
from spectral_bench.errors import DataError
from spectral_bench.runs.manifest import Manifest


def where_data_lies(manifest: Manifest, recorded: Path) -> Path:
    """The folder in which to look for the data of a run that may have been made elsewhere.

    Args:
        manifest: of the run.
        recorded: the folder it was made with, if a relative one, then relative to wherever it was made.

    Returns:
        The recorded folder if all files of the run are there; else that of whoever is at work now,
        ``$SPECTRAL_BENCH_DATA`` or the user's data folder, if they are there or there is nothing else to say.
    """
    files = manifest.content.get("data") or {}
    current = expanded_path(default_data_dir(), f"${DATA_VARIABLE}")
    for folder in (recorded, current):
        if all(_is_file(folder / name) for name in files):
            return folder
    return current if os.environ.get(DATA_VARIABLE) or not _is_folder(recorded) else recorded


def check_data(manifest: Manifest, digests: Mapping[str, str]) -> None:
    """Check that the data is what the run began with; a known set may be unpacked or lie in another folder.

    Raises:
        DataError: it is not; the message names the files.
    """
    recorded: Mapping[str, Any] = manifest.content.get("data") or {}
    if same_for_copies(recorded) != same_for_copies(digests):
        names = sorted(name for name in {*recorded, *digests} if recorded.get(name) != digests.get(name))
        raise DataError(f"{', '.join(names)}: not the data that this run was begun with.")


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - unlike pathlib's, it is False for what may not be looked at


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112

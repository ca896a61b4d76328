"""Run directories: where they are, and whether one has changed since it was last read."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectral_bench.errors import InputError
from spectral_bench.runs.layout import CONFIG, LABELS, MANIFEST, METRICS, SUMMARY, TABLES, parts_folder

#: What a reader looks at. A run that goes on changes ``metrics.csv``, one that ends ``manifest.json``.
_TRACES = tuple(name for table in TABLES for name in (table, parts_folder(table)))
_WATCHED = (MANIFEST, CONFIG, SUMMARY, METRICS, LABELS, *_TRACES)


@dataclass(frozen=True)
class Found:
    """A run directory.

    Attributes:
        directory: its absolute path.
        fingerprint: changes whenever one of the files that are read does.
    """

    directory: Path
    fingerprint: str


def find_runs(paths: Sequence[Path]) -> list[Found]:
    """Every run directory at or below the paths, each once, sorted by path.

    A directory that holds a ``manifest.json`` is a run, and so is one that lost it and holds other files of a run, at
    least two; nothing below it is looked at. Links to directories are followed, but for those that lead back to a
    folder around the path; a run that several links lead to has one path, its own. Hidden folders and those that may
    not be read are passed over.

    Raises:
        InputError: a path does not exist.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        try:
            root = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:  # a path that is too long, or links that lead in a circle
            raise InputError(f"{path}: there is no such folder. Name folders of runs, or runs.") from error
        found |= {run.directory: run for run in _walk(root if root.is_dir() else root.parent)}
    return [found[directory] for directory in sorted(found)]


def _walk(root: Path) -> Iterator[Found]:
    pending, seen = [str(root)], set()
    while pending:
        folder = pending.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            with os.scandir(folder) as listing:
                entries = {entry.name: entry for entry in listing}
        except OSError:
            continue
        if MANIFEST in entries or len(entries.keys() & set(_WATCHED)) > 1:
            yield Found(Path(folder), _fingerprint(entries))
        else:
            below = [_folder(entry) for name, entry in entries.items() if not name.startswith(".")]
            pending += [path for path in below if path is not None and not root.is_relative_to(path)]


def _folder(entry: os.DirEntry[str]) -> str | None:
    """The path of a folder, without links in it; None if this is none."""
    try:
        if not entry.is_dir():
            return None
        return os.path.realpath(entry.path) if entry.is_symlink() else entry.path
    except OSError:  # a link that leads nowhere one may look
        return None


def _fingerprint(entries: dict[str, os.DirEntry[str]]) -> str:
    parts = []
    for name in _WATCHED:
        try:
            stat = entries[name].stat()
            parts.append(f"{stat.st_mtime_ns}:{stat.st_size}")
        except (KeyError, OSError):  # not there, or gone since the listing
            parts.append("")
    return ",".join(parts)

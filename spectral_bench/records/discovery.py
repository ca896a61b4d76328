"""Run directories: where they are, and whether one has changed since it was last read."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spectral_bench.config.hints import nearest, short
from spectral_bench.errors import InputError
from spectral_bench.runs.layout import CONFIG, LABELS, MANIFEST, METRICS, SUMMARY, TABLES, parts_folder

#: What a reader looks at. A run that goes on changes ``metrics.csv``, one that ends ``manifest.json``.
_TRACES = tuple(name for table in TABLES for name in (table, parts_folder(table)))
_WATCHED = (MANIFEST, CONFIG, SUMMARY, METRICS, LABELS, *_TRACES)


#: Where runs lie unless ``results_dir`` says otherwise.
DEFAULT_RESULTS = Path("results")


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
        InputError: a path does not exist, and is no id of a run; or it is a file, and of no run.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        try:
            root = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:  # a path that is too long, or links that lead in a circle
            named = named_run(path)
            if named is None:
                raise InputError(_unknown_name(path)) from error
            root = named
        if not root.is_dir():
            of_file = _run_of(root)
            if of_file is None:
                raise InputError(f"{path}: a file, and of no run. Name folders of runs, or runs.")
            root = of_file
        found |= {run.directory: run for run in _walk(root)}
    return [found[directory] for directory in sorted(found)]


def named_run(name: Path, results: Path = DEFAULT_RESULTS) -> Path | None:
    """The directory of the run whose id this is, or begins with it, or else has it as a part; None if there is none.

    Args:
        name: what the user wrote in place of a path.
        results: where runs are looked for.

    Raises:
        InputError: it fits several runs.
    """
    text = str(name)
    if len(name.parts) != 1 or text in (".", "..") or not results.is_dir():
        return None
    directories = [found.directory for found in find_runs([results])]
    fits: tuple[Callable[[str], bool], ...] = (text.__eq__, lambda id_: id_.startswith(text), lambda id_: text in id_)
    for does_fit in fits:
        chosen = [directory for directory in directories if does_fit(directory.name)]
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            listed = ", ".join(directory.name for directory in chosen[:5]) + (", ..." if len(chosen) > 5 else "")
            raise InputError(f"{name} fits {len(chosen)} runs: give more of the id: {listed}.")
    return None


def run_directory(path: Path) -> Path:
    """The directory of a run that is given by its path or its id.

    Raises:
        InputError: there is no such path, and an id like this fits no run, or several.
    """
    if os.path.exists(path):  # noqa: PTH110 - unlike pathlib's, it is False for a path that is too long
        return path
    found = named_run(path)
    if found is None:
        raise InputError(_unknown_name(path))
    return found


def _unknown_name(name: Path, results: Path = DEFAULT_RESULTS) -> str:
    """The message for what is neither a path nor the id of a run."""
    near = [str(name.parent / folder) for folder in _folders_in(name.parent)]
    is_word = len(name.parts) == 1 and results.is_dir()
    if is_word:
        near += [found.directory.name for found in find_runs([results])]
    guess = nearest(str(name), near)
    hint = f" Did you mean '{guess}'?" if guess else ""
    if is_word:
        return f"{short(str(name))}: there is no such folder, and no run in {results} with such an id.{hint}"
    return f"{short(str(name))}: there is no such folder.{hint} Name folders of runs, or runs."


def _folders_in(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _run_of(file: Path) -> Path | None:
    """The directory of the run that a file lies in, or a part of its tables."""
    return next((folder for folder in file.parents[:2] if _is_run(_entries(str(folder)))), None)


def _entries(folder: str) -> dict[str, os.DirEntry[str]]:
    """What is in a folder, by name; nothing where it may not be read."""
    try:
        with os.scandir(folder) as listing:
            return {entry.name: entry for entry in listing}
    except OSError:
        return {}


def _is_run(entries: dict[str, os.DirEntry[str]]) -> bool:
    return MANIFEST in entries or len(entries.keys() & set(_WATCHED)) > 1


def _walk(root: Path) -> Iterator[Found]:
    pending, seen = [str(root)], set()
    while pending:
        folder = pending.pop()
        if folder in seen:
            continue
        seen.add(folder)
        entries = _entries(folder)
        if _is_run(entries):
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

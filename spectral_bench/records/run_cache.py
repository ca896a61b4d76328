"""A cache of the runs that were read, so that comparing thousands of them takes no time.

A SQLite file in the user's cache folder. It holds nothing that the run directories do not: when it is deleted, damaged,
locked or cannot be written, the directories are read again.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spectral_bench.config.data_folder import cache_dir
from spectral_bench.records.discovery import Found
from spectral_bench.records.run_record import Run, UnreadableRunError, read_record
from spectral_bench.version import __version__

#: A run, or the reason why it cannot be read.
Entry = Run | UnreadableRunError

#: Raised when what is remembered of a run changes; another version of the program does not trust it either.
_LAYOUT = 12

_CREATE = "CREATE TABLE IF NOT EXISTS runs (directory BLOB PRIMARY KEY, fingerprint TEXT, content TEXT) WITHOUT ROWID"


def index_path() -> Path | None:
    """Where the cache lies; None where there is no place for it."""
    folder = cache_dir()
    return None if folder is None else folder / f"runs-{__version__}-{_LAYOUT}.sqlite"


def read_all(found: Sequence[Found]) -> dict[Path, Entry]:
    """Every run, from the cache if its directory has not changed since it was cached."""
    path = index_path()
    remembered = {} if path is None else _recall(path)
    entries: dict[Path, Entry] = {}
    fresh = []
    for run in found:
        fingerprint, content = remembered.get(os.fsencode(run.directory), ("", ""))
        if fingerprint == run.fingerprint:
            entries[run.directory] = _decode(run.directory, content)
        else:
            entries[run.directory] = _read(run.directory)
            fresh.append((os.fsencode(run.directory), run.fingerprint, _encode(entries[run.directory])))
    if fresh and path is not None:
        _remember(path, fresh)
    return entries


def _read(directory: Path) -> Entry:
    try:
        return read_record(directory)
    except UnreadableRunError as error:
        return error


def _encode(entry: Entry) -> str:
    if isinstance(entry, UnreadableRunError):
        return json.dumps({"problem": str(entry)})
    return json.dumps({key: value for key, value in asdict(entry).items() if key != "directory"}, default=str)


def _decode(directory: Path, content: str) -> Entry:
    fields: dict[str, Any] = json.loads(content)
    return UnreadableRunError(fields["problem"]) if "problem" in fields else Run(directory, **fields)


def _recall(path: Path) -> dict[bytes, tuple[str, str]]:
    try:
        if not path.exists():
            return {}
        with closing(sqlite3.connect(path)) as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute("SELECT * FROM runs")}
    except (OSError, sqlite3.OperationalError):  # closed to us, or locked by another process: leave it alone
        return {}
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        return {}


def _remember(path: Path, rows: Iterable[tuple[bytes, str, str]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(_CREATE)
            connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", rows)
    except (OSError, sqlite3.Error):
        return

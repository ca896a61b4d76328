"""How a configuration stands in a folder of results, and taking it, so that two processes never train the same.

A claim is a file ``results_dir/.claims/DIGEST-seedN``, made with ``O_EXCL``, which is atomic on local disks and on NFS
from version 3 on; no lock of the file system is needed. It names its owner, who touches it now and then. The claim of a
dead owner is taken over: of one on this host when the process is gone, of one on another host when there was no sign of
life for ten minutes (``owner.SILENCE``).
"""

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import LockedError
from spectral_bench.runs.directory import cannot_write
from spectral_bench.runs.layout import CLAIMS, LOCK
from spectral_bench.runs.owner import Owner, heartbeat
from spectral_bench.runs.run_lookup import PointKey, runs_of_point
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes

#: How a configuration stands. ``running``: a living process is at work on it. ``unfinished``: it was stopped or killed.
RecordedState = Literal["new", "running", "unfinished", "done", "diverged", "failed"]

#: Seconds to wait for another process that is about to take over a claim, which takes it a moment.
_TAKEOVER_SECONDS = 5.0

#: Seconds within which a claim names its owner.
_WRITING_SECONDS = 30.0


@dataclass(frozen=True)
class Standing:
    """How a configuration stands.

    Attributes:
        state: in a word.
        directory: of the run that says so; None for a new one, and for one whose owner has not made it yet.
        holder: the process at work, in words; empty unless it is running.
    """

    state: RecordedState
    directory: Path | None = None
    holder: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether its result is there: training it again would give the same."""
        return self.state in ("done", "diverged")


class HeldError(LockedError):
    """A living process is at work on this configuration."""


def standing_of(config: ExperimentConfig) -> Standing:
    """How a configuration stands, from its folder of results alone; nothing is written."""
    key = PointKey.of(config)
    recorded = _recorded_standing(config, key)
    if recorded.state in ("done", "running"):
        return recorded
    holder = _living_owner(_claim_file(config, key))
    return recorded if holder is None else Standing("running", recorded.directory, str(holder))


@contextmanager
def claimed(config: ExperimentConfig) -> Iterator[Standing]:
    """Take a configuration for this process, and give it back at the end of the block.

    Yields:
        How it stands, now that nobody else can change it; never ``running``.

    Raises:
        HeldError: a living process is at work on it.
        InputError: ``results_dir`` is not a directory or is not writable.
        StorageError: it cannot be written: the disk is full, read-only or gone.
    """
    key = PointKey.of(config)
    file, token = _claim_file(config, key), secrets.token_hex(8)
    try:
        _take(file, token)
    except OSError as error:
        raise cannot_write(config.results_dir, file, error) from error
    try:
        with heartbeat(file):
            standing = _recorded_standing(config, key)
            if standing.state == "running":  # by a run that was started without a grid, or by `resume`
                raise HeldError(f"{standing.directory}: {standing.holder}, is at work on this run.")
            yield standing
    finally:
        _give_back(file, token)


def _recorded_standing(config: ExperimentConfig, key: PointKey) -> Standing:
    """What the run directories say: one that is done counts before one at work, and that before the newest other."""
    newest: Standing | None = None
    running: Standing | None = None
    for run in runs_of_point(config, key):
        owner = Owner.read(run.manifest.content.get("owner"))
        match run.manifest.status:
            case "completed":
                return Standing("done", run.directory)
            case "running" if owner is not None and _is_at_work(run.directory, owner):
                running = running or Standing("running", run.directory, str(owner))
            case "diverged" | "failed" as ended:
                newest = newest or Standing(ended, run.directory)
            case _:
                newest = newest or Standing("unfinished", run.directory)
    return running or newest or Standing("new")


def _is_at_work(directory: Path, owner: Owner) -> bool:
    lock = directory / LOCK
    return lock.exists() and owner.is_alive(lock)


def _claim_file(config: ExperimentConfig, key: PointKey) -> Path:
    return config.results_dir / CLAIMS / str(key)


def _take(file: Path, token: str) -> None:
    """Make the claim.

    Raises:
        HeldError: a living process has it.
        OSError: it cannot be written.
    """
    if _made(file, token):
        return
    # One at a time on this host: of two processes that find the same dead owner, the second must not remove the claim
    # of the first.
    with suppress(Timeout), FileLock(file.with_name(".takeover"), timeout=_TAKEOVER_SECONDS):
        _remove_dead(file)
        if _made(file, token):
            return
    raise HeldError(f"{_living_owner(file) or 'another process'}, is at work on this configuration.")


def _made(file: Path, token: str) -> bool:
    """Write the claim, unless there is one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        claim = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(claim, "w", encoding="utf-8") as opened:
        json.dump({**Owner.this_process().as_dict(), "token": token}, opened)
    return True


def _remove_dead(file: Path) -> None:
    """Remove a claim whose owner is dead.

    Hosts whose file system shares no locks may find the same dead owner at once. So the claim is first moved aside, and
    put back if another host's fresh one was moved.
    """
    before = _content(file)
    if before is None or _is_held(file, before):
        return
    aside = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        file.rename(aside)
        if _content(aside) != before:
            with suppress(OSError):
                os.link(aside, file)
        aside.unlink(missing_ok=True)


def _give_back(file: Path, token: str) -> None:
    content = _content(file)
    with suppress(OSError):
        if content is not None and content.get("token") == token:
            file.unlink()
            file.with_name(".takeover").unlink(missing_ok=True)
            file.parent.rmdir()  # which fails while there are others


def _living_owner(file: Path) -> Owner | None:
    """The living process that has a claim."""
    content = _content(file)
    return Owner.read(content) if content is not None and _is_held(file, content) else None


def _is_held(file: Path, content: Mapping[str, Any]) -> bool:
    """Whether the owner lives. One that is not named yet is about to be; later on, it died while it wrote."""
    owner = Owner.read(content)
    if owner is not None:
        return owner.is_alive(file)
    try:
        return time.time() - file.stat().st_mtime < _WRITING_SECONDS
    except OSError:
        return False


def _content(file: Path) -> dict[str, Any] | None:
    """What a claim says; empty if it is no text of a claim, None if there is none."""
    try:
        return parse_json(read_bytes(file, LARGEST_TEXT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}

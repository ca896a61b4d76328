"""A file that at most one living process has: made, kept alive, given back, and taken over from the dead."""

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from spectral_bench.errors import LockedError
from spectral_bench.runs.owner import Owner
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes

#: Seconds to wait for another process that is about to take over a claim, which takes it a moment.
_TAKEOVER_SECONDS = 5.0

#: Seconds within which a claim names its owner.
_WRITING_SECONDS = 30.0

_TAKEOVER_LOCK = ".takeover"

#: Begins the names of files beside the claims, one for every run that has outgrown its name (``run_lookup.py``).
OUTGROWN = "outgrown-"


class HeldError(LockedError):
    """A living process is at work on this configuration."""


def take_claim(file: Path, token: str) -> None:
    """Make the claim.

    Raises:
        HeldError: a living process has it.
        OSError: it cannot be written.
    """
    if _made(file, token):
        return
    # One at a time on this host: of two processes that find the same dead owner, the second must not remove the claim
    # of the first.
    with suppress(Timeout), FileLock(file.with_name(_TAKEOVER_LOCK), timeout=_TAKEOVER_SECONDS):
        _remove_dead(file)
        if _made(file, token):
            return
    raise HeldError(f"{living_owner(file) or 'another process'}, is at work on this configuration.")


def _made(file: Path, token: str) -> bool:
    """Write the claim, unless there is one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        claim = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    try:
        with os.fdopen(claim, "w", encoding="utf-8") as opened:
            json.dump({**Owner.this_process().as_dict(), "token": token}, opened)
    except OSError:
        file.unlink(missing_ok=True)  # the disk is full
        raise
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


def give_claim_back(file: Path, token: str) -> None:
    """Remove a claim, if it still is the one with this token."""
    content = _content(file)
    with suppress(OSError):
        if content is not None and content.get("token") == token:
            file.unlink()  # and neither the folder nor the lock in it, which another process may be about to use


def living_owner(file: Path) -> Owner | None:
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


def dead_claims(folder: Path) -> dict[Path, Owner | None]:
    """The claims in a folder whose owners are dead, each with the owner it names, if it names one."""
    try:
        files = [file for file in sorted(folder.iterdir()) if not file.name.startswith(".") and "-seed" in file.name]
    except OSError:
        return {}
    contents = {file: _content(file) for file in files if not file.name.startswith(OUTGROWN)}
    return {
        file: Owner.read(content)
        for file, content in contents.items()
        if content is not None and not _is_held(file, content)
    }

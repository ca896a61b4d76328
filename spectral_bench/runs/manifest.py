"""``manifest.json``: what a run is, with what it was made, and how it stands."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from spectral_bench.runs.atomic import write_json

Status = Literal["running", "completed", "diverged", "interrupted", "failed"]

#: Raised when a field of a run's files changes its meaning, so that readers can tell.
FORMAT = 1


class Manifest:
    """The manifest of one run; every change is on disk before the call returns.

    Args:
        path: ``manifest.json`` of the run directory.
        facts: what is known at the start (command line, environment, digests); kept as they are.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self._content: dict[str, Any] = {
            "format": FORMAT,
            "status": "running",
            "reason": None,
            "started": _now(),
            "ended": None,
            **facts,
        }
        self._write()

    def end(self, status: Status, reason: str | None = None) -> None:
        """Say how the run ended, and why if there is something to say."""
        self._content.update(status=status, reason=reason, ended=_now())
        self._write()

    def _write(self) -> None:
        write_json(self._path, self._content)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

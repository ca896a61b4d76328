"""``manifest.json``: the identity, environment and status of a run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

from spectral_bench.errors import DataError
from spectral_bench.runs.atomic import json_text, write_json
from spectral_bench.runs.reading import LARGEST_TEXT, brief, parse_json, read_bytes

Status = Literal["running", "completed", "diverged", "interrupted", "failed"]

NAME = "manifest.json"

#: Increased when a field of a run's files changes its meaning, so that readers notice.
FORMAT = 1

_READ_BACK: Mapping[str, Any] = {"checkpoints": [], "sittings": [], "data": {}}


class Manifest:
    """The manifest of one run; every change is on disk before the call returns.

    Args:
        directory: of the run.
        content: what the file holds.
    """

    def __init__(self, directory: Path, content: Mapping[str, Any]) -> None:
        self._path = directory / NAME
        self.content: dict[str, Any] = dict(content)

    @classmethod
    def create(cls, directory: Path, facts: Mapping[str, Any]) -> Self:
        """The manifest of a new run.

        Args:
            directory: of the run.
            facts: what is known at the start (command line, environment, digests); kept as they are.
        """
        beginning = {"format": FORMAT, "status": "running", "reason": None, "started": now(), "ended": None}
        manifest = cls(directory, {**beginning, **facts})
        manifest._write()
        return manifest

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The manifest of an existing run.

        Raises:
            DataError: it cannot be read or is not a manifest.
        """
        path = directory / NAME
        try:
            content = parse_json(read_bytes(path, LARGEST_TEXT))
            json_text(content)  # it must be possible to write it again
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({brief(error)}).") from error
        if content.get("status") not in get_args(Status) or not _well_formed(content):
            raise DataError(f"{path}: is not the manifest of a run.")
        if content.get("format") != FORMAT:
            raise DataError(f"{path}: is of format {content.get('format')}; this version reads {FORMAT}.")
        return cls(directory, content)

    @property
    def status(self) -> Status:
        """The status of the run; ``running`` also if its process was killed."""
        status: Status = self.content["status"]
        return status

    def update(self, **fields: Any) -> None:
        """Change fields."""
        self.content.update(fields)
        self._write()

    def end(self, status: Status, reason: str | None = None) -> None:
        """Record how the run ended, and why if there is a reason to give."""
        self.update(status=status, reason=reason, ended=now())

    def _write(self) -> None:
        write_json(self._path, self.content)


def _well_formed(content: Mapping[str, Any]) -> bool:
    """Whether the fields that are read back have the form in which they are written."""
    checkpoints, sittings, data = (content.get(key, default) for key, default in _READ_BACK.items())
    return (
        isinstance(checkpoints, list)
        and all(isinstance(entry, dict) and isinstance(entry.get("sha256"), str) for entry in checkpoints)
        and isinstance(sittings, list)
        and isinstance(data, dict)
    )


def now() -> str:
    """The time as it is written in a manifest."""
    return datetime.now(UTC).isoformat(timespec="seconds")

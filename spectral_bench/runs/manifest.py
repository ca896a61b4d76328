"""``manifest.json``: the identity, environment and status of a run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, get_args

from spectral_bench.errors import DataError
from spectral_bench.runs.atomic import json_text, write_json
from spectral_bench.runs.layout import CONFIG, FORMAT, MANIFEST, Status
from spectral_bench.runs.migration import upgraded_manifest
from spectral_bench.runs.safe_reading import LARGEST_TEXT, brief, parse_json, parse_yaml, read_bytes

_READ_BACK: Mapping[str, Any] = {"checkpoints": [], "sessions": [], "data": {}}


class Manifest:
    """The manifest of one run; every change is on disk before the call returns.

    Args:
        directory: of the run.
        content: what the file holds, in the format of this version.
        written_as: the format the file has on the disk until it is next changed.
    """

    def __init__(self, directory: Path, content: Mapping[str, Any], written_as: int = FORMAT) -> None:
        self._path = directory / MANIFEST
        self.content: dict[str, Any] = dict(content)
        self.written_as = written_as

    @classmethod
    def create(cls, directory: Path, content: Mapping[str, Any]) -> Self:
        """The manifest of a new run.

        Args:
            directory: of the run.
            content: what is known at the start (command line, environment, digests); kept as they are.
        """
        beginning = {"format": FORMAT, "status": "running", "reason": None, "started": now(), "ended": None}
        manifest = cls(directory, beginning)
        manifest.update(**content)
        return manifest

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The manifest of a run that exists; one of an earlier format is brought up to this one, in memory.

        Raises:
            DataError: it cannot be read or is not a manifest; or the configuration beside it cannot, from which what
                an earlier format did not record follows.
        """
        path = directory / MANIFEST
        try:
            found = parse_json(read_bytes(path, LARGEST_TEXT))
            json_text(found)  # it will have to be written again
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({brief(error)}).") from error
        if found.get("status") not in get_args(Status):
            raise DataError(f"{path}: is not the manifest of a run.")
        written_as = found.get("format")
        if type(written_as) is not int or not 1 <= written_as <= FORMAT:
            raise DataError(f"{path}: is of format {written_as}; this version reads 1 to {FORMAT}.")
        content = found if written_as == FORMAT else _upgraded(found, directory / CONFIG)
        if not _well_formed(content):
            raise DataError(f"{path}: is not the manifest of a run.")
        return cls(directory, content, written_as)

    @property
    def status(self) -> Status:
        """The status of the run; ``running`` also if its process was killed."""
        status: Status = self.content["status"]
        return status

    @property
    def traced(self) -> str | None:
        """What the states are made of whose gradient norms were recorded; None if it does not say."""
        facts = self.content.get("facts")
        traced = facts.get("traced") if isinstance(facts, dict) else None
        return traced if isinstance(traced, str) else None

    def update(self, **fields: Any) -> None:
        """Change fields; where that cannot be written, nothing has changed."""
        changed = {**self.content, **fields}
        write_json(self._path, changed)
        self.content = changed

    def end(self, status: Status, reason: str | None = None) -> None:
        """Record how the run ended, and why if there is a reason to give."""
        self.update(status=status, reason=reason, ended=now())


def _upgraded(content: Mapping[str, Any], config: Path) -> dict[str, Any]:
    try:
        return upgraded_manifest(content, parse_yaml(read_bytes(config)))
    except (OSError, ValueError) as error:
        raise DataError(f"{config}: cannot be read ({brief(error)}).") from error


def _well_formed(content: Mapping[str, Any]) -> bool:
    """Whether what is read back from a manifest has the form in which it was written."""
    checkpoints, sessions, data = (content.get(key, default) for key, default in _READ_BACK.items())
    return (
        isinstance(checkpoints, list)
        and all(isinstance(entry, dict) and isinstance(entry.get("sha256"), str) for entry in checkpoints)
        and isinstance(sessions, list)
        and isinstance(data, dict)
    )


def now() -> str:
    """The time as it is written in a manifest."""
    return datetime.now(UTC).isoformat(timespec="seconds")

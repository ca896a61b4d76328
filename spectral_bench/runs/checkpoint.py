"""``checkpoint.pt`` and ``checkpoint.previous.pt``: weights, optimizer, random states and position, twice.

The manifest records each SHA-256 before the file gets its name, so a checkpoint is either what was written or known to
be damaged. A digest does not make a stranger's checkpoint trustworthy: it is read with ``weights_only``,
which accepts tensors and plain values and never runs code.
"""

import warnings
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from spectral_bench.errors import DataError
from spectral_bench.runs.atomic import write_atomically
from spectral_bench.runs.layout import CHECKPOINT, PREVIOUS_CHECKPOINT
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.safe_reading import read_bytes

#: Digests that the manifest remembers: of the two files, and of one that was written but never got its name.
_REMEMBERED = 3


class Checkpoints:
    """The last two checkpoints of a run.

    Args:
        directory: of the run.
        manifest: of the run; keeps the digests.
    """

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self._newest = directory / CHECKPOINT
        self._previous = directory / PREVIOUS_CHECKPOINT
        self._manifest = manifest
        self._loaded: dict[Path, str] = {}

    def save(self, step: int, content: Mapping[str, Any]) -> None:
        """Write a checkpoint, whole or not at all; the previous one is kept."""
        buffer = BytesIO()
        torch.save(dict(content), buffer)
        data = buffer.getbuffer()
        entry = {"step": step, "sha256": sha256(data).hexdigest()}

        def make_room() -> None:
            self._manifest.update(checkpoints=[entry, *self._recorded()][:_REMEMBERED])
            if self._newest.exists():
                self._newest.replace(self._previous)

        write_atomically(self._newest, lambda temporary: temporary.write_bytes(data), make_room)

    def paths(self) -> list[Path]:
        """The existing checkpoint files, the newest first."""
        return [path for path in (self._newest, self._previous) if path.exists()]

    def load(self, path: Path) -> dict[str, Any]:
        """Read one of ``paths``.

        Raises:
            DataError: it has changed since it was written, or holds anything but tensors and plain values.
        """
        try:
            data = read_bytes(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
        digest = sha256(data).hexdigest()
        if all(entry["sha256"] != digest for entry in self._recorded()):
            raise DataError(f"{path}: is damaged (its SHA-256 is none that was recorded when it was written).")
        try:
            with warnings.catch_warnings(action="ignore"):  # about formats that PyTorch refuses anyway
                content = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
        except Exception as error:  # a file made by hand can make torch raise anything
            raise DataError(f"{path}: refused; expected tensors and plain values only.") from error
        if not _is_checkpoint(content):
            raise DataError(f"{path}: is not a checkpoint.")
        self._loaded[path] = digest
        checkpoint: dict[str, Any] = content
        return checkpoint

    def recorded_up_to(self, path: Path) -> list[dict[str, Any]]:
        """What the manifest remembers of a checkpoint that was loaded, and of those before it.

        Newer ones are damaged, or never got their names: remembered, they would in time push out those that exist.
        """
        digests = [entry["sha256"] for entry in self._recorded()]
        return self._recorded()[digests.index(self._loaded[path]) :]

    def forget(self, path: Path) -> None:
        """Remove a damaged checkpoint, and let the one before it take its place."""
        path.unlink()
        if path == self._newest and self._previous.exists():
            self._previous.replace(self._newest)

    def _recorded(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._manifest.content.get("checkpoints", [])
        return entries


def _is_checkpoint(content: Any) -> bool:
    """Whether the entries that are read before the trainer gets its state have the form in which they are written."""
    try:
        step, weights = content["trainer"]["progress"]["step"], content["trainer"]["model"]
        mark, traces = content["metrics"], content.get("traces", {})
        return (
            _is_count(step)
            and all(isinstance(weight, torch.Tensor) for weight in weights.values())
            and _is_count(mark["bytes"])
            and isinstance(mark["sha256"], str)
            and all(_is_promise(promise) for promise in traces.values())
        )
    except (AttributeError, KeyError, TypeError):
        return False


def _is_promise(content: Any) -> bool:
    """Whether this may be what a checkpoint says of a trace: its rows; in formats 1 and 2, the digests of its parts."""
    rows = {"rows": 0, **content}["rows"]
    return _is_count(rows) and all(isinstance(text, str) for key, text in content.items() if key != "rows")


def _is_count(value: Any) -> bool:
    """Whether a value can be a number of updates or of bytes."""
    return type(value) is int and 0 <= value < 1 << 63

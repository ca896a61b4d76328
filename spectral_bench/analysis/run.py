"""One run, as its directory tells it: what it is, how it stands, what it came to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.analysis.tables import has_whole_metrics
from spectral_bench.analysis.unfinished import summarise_unfinished
from spectral_bench.runs.manifest import FORMAT
from spectral_bench.runs.reading import LARGEST_TEXT, parse_json, parse_yaml, read_bytes

#: What is kept of the manifest.
_MANIFEST = ("status", "reason", "started", "ended", "config_digest", "data", "every_step", "git")


class UnreadableRunError(Exception):
    """A run directory that cannot be understood; the message says why, in words for the user."""


@dataclass(frozen=True)
class Run:
    """A run.

    Attributes:
        directory: where it is.
        manifest: status, reason, started, ended, config_digest, data, every_step, git.
        config: the configuration under dotted keys (``"model.hidden_size"``).
        summary: the content of ``summary.json``; for a run without one, what its tables tell so far.
    """

    directory: Path
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """Name of the directory: unique, by the way it is made."""
        return self.directory.name

    @property
    def status(self) -> str:
        """``running`` (or killed without a word), ``completed``, ``diverged``, ``interrupted`` or ``failed``."""
        return str(self.manifest["status"])

    @property
    def group(self) -> str:
        """Equal for runs that differ in nothing but the seed: by configuration and by the data that was read.

        The folder of the data is no part of a configuration's digest, so two texts in place of one would look alike.
        """
        digest, data = str(self.manifest["config_digest"]), self.manifest.get("data")
        if not data:
            return digest
        return hashlib.sha256(json.dumps([digest, data], sort_keys=True).encode()).hexdigest()

    @property
    def task(self) -> str:
        """Name of the task."""
        return str(self.config["task.name"])

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.config["model.name"])

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self.config["seed"])

    def fields(self) -> dict[str, Any]:
        """Everything that can be asked of a run by name: summary, identity, and the configuration's dotted keys.

        Every configuration has an ``r``; it is no property of a run whose model has no radius.
        """
        identity = {
            "run_id": self.run_id,
            "task": self.task,
            "model": self.model,
            "status": self.status,
            "group": self.group,
        }
        config = {key: value for key, value in self.config.items() if key != "r" or self.uses_radius}
        return {**config, **self.summary, **identity}

    @property
    def uses_radius(self) -> bool:
        """Whether ``r`` means anything to the model, as its layer and map tell."""
        return self.config.get("model.layer") == "svd" and self.config.get("model.map") not in ("free", "fixed")


def read_run(directory: Path) -> Run:
    """Read a run directory, whatever state it is in.

    Raises:
        UnreadableRunError: written by a newer version, or damaged beyond use.
    """
    manifest = _json(directory / "manifest.json")
    if not isinstance(manifest.get("format"), int):
        raise UnreadableRunError("manifest.json does not say its format")
    if manifest["format"] > FORMAT:
        raise UnreadableRunError(
            f"written by a newer version (format {manifest['format']}, this version reads up to {FORMAT})"
        )
    config = _config(directory / "config.yaml")
    kept = {key: manifest.get(key) for key in _MANIFEST}
    lacking = [key for key in ("status", "config_digest") if kept[key] is None]
    lacking += [key for key in ("task.name", "model.name", "seed") if config.get(key) is None]
    if lacking:
        raise UnreadableRunError(f"does not say its {', '.join(lacking)}")
    if not has_whole_metrics(directory):
        raise UnreadableRunError("metrics.csv is damaged: it does not begin with the names of its columns")
    file = directory / "summary.json"
    summary = _json(file) if file.exists() else summarise_unfinished(directory)
    return Run(directory, kept, config, summary)


def flatten(node: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every value under its dotted key: ``{"train": {"steps": 5}}`` becomes ``{"train.steps": 5}``."""
    flat: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = value
    return flat


def _json(path: Path) -> dict[str, Any]:
    try:
        return parse_json(read_bytes(path, LARGEST_TEXT))
    except OSError as error:
        raise UnreadableRunError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableRunError(f"{path.name} is damaged: {error}") from error


def _config(path: Path) -> dict[str, Any]:
    try:
        return flatten(parse_yaml(read_bytes(path)))
    except OSError as error:
        raise UnreadableRunError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableRunError(f"{path.name} is damaged: {error}") from error

"""One run, as its directory tells it: what it is, how it stands, what it came to."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.config.hints import short
from spectral_bench.config.keys import flatten
from spectral_bench.records.partial_summary import summarise_unfinished
from spectral_bench.records.run_tables import has_whole_metrics, metrics_damage
from spectral_bench.runs.manifest import FORMAT
from spectral_bench.runs.reading import LARGEST_TEXT, parse_json, parse_yaml, read_bytes

#: What is kept of the manifest.
_MANIFEST = ("status", "reason", "started", "ended", "config_digest", "data", "every_step", "git")


#: Fields of ``summary.json`` that hold, where they hold anything, a text, a whole number, or a number.
_TEXTS = ("metric", "mode", "baseline_of", "gradient_verdict")
_COUNTS = ("best_step", "steps", "steps_to_beat_baseline", "solved_at", "num_parameters")
_NUMBERS = (
    "train",
    "validation",
    "test",
    "best_validation",
    "test_at_best",
    "loss_test",
    "baseline",
    "ms_per_step",
    "wall_seconds",
    "gradient_decay_rate",
    "spectral_margin",
)

_CHECKED = {*_TEXTS, *_COUNTS, *_NUMBERS}

#: Keys of the configuration that are computed with, or whose columns have a type whatever they hold.
_CONFIGURED_COUNTS = (
    "model.num_layers",
    "train.steps",
    "train.epochs",
    "train.evaluate_every",
    "train.threads",
    "train.patience",
)
_CONFIGURED_NUMBERS = ("r", "model.centre", "model.leak", "train.clip_norm", "train.max_minutes")

#: Whole numbers must fit into 64 bits.
_LARGEST = 1 << 63


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
        damage: what is damaged of it though it can be used, in words for the user.
    """

    directory: Path
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    damage: str | None = None

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

    def lacks_end(self, last_step: int) -> bool:
        """Whether a table whose last step is this one has lost its end: a run measures and traces what it ends with."""
        end = self.summary.get("steps")
        return self.status == "completed" and end is not None and bool(last_step < end)

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


def read_record(directory: Path) -> Run:
    """Read a run directory, whatever state it is in.

    Raises:
        UnreadableRunError: written by a newer version, or damaged beyond use.
    """
    manifest = _parsed(directory / "manifest.json", parse_json)
    if not isinstance(manifest.get("format"), int):
        raise UnreadableRunError("manifest.json does not say its format")
    if manifest["format"] > FORMAT:
        raise UnreadableRunError(
            f"written by a newer version (format {manifest['format']}, this version reads up to {FORMAT})"
        )
    config = flatten(_parsed(directory / "config.yaml", parse_yaml))
    if "model.r" in config and config["model.r"] == config.get("r"):
        del config["model.r"]  # read from the root, where users vary it
    kept = {key: manifest.get(key) for key in _MANIFEST}
    lacking = [key for key in ("status", "config_digest") if kept[key] is None]
    lacking += [key for key in _needed(config) if config.get(key) is None]
    if lacking:
        raise UnreadableRunError(f"does not say its {', '.join(lacking)}")
    for key in ("seed", *_CONFIGURED_COUNTS, *_CONFIGURED_NUMBERS):
        value = config.get(key)
        is_number = _is_count(value) or (key in _CONFIGURED_NUMBERS and isinstance(value, float))
        if value is not None and not is_number:
            raise UnreadableRunError(f"config.yaml is damaged: its {key} is '{short(str(value))}'")
    if not isinstance(kept["git"], dict | None):
        raise UnreadableRunError(f"manifest.json is damaged: its git is '{short(str(kept['git']))}'")
    if not has_whole_metrics(directory):
        raise UnreadableRunError("metrics.csv is damaged: it does not begin with the names of its columns")
    file = directory / "summary.json"
    summary = _summary(file) if file.exists() else summarise_unfinished(directory)
    end = summary.get("steps") if kept["status"] == "completed" else None
    return Run(directory, kept, config, summary, None if end is None else metrics_damage(directory, end))


def _needed(config: Mapping[str, Any]) -> list[str]:
    """The keys without which a run cannot be told from others, or its envelope not drawn."""
    needed = ["task.name", "model.name", "seed"]
    if config.get("model.layer") == "svd":
        needed += ["r", "model.centre"]
    if config.get("model.activation") == "leaky_relu":
        needed.append("model.leak")
    return needed


def _parsed(path: Path, parse: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    try:
        return parse(read_bytes(path, LARGEST_TEXT))
    except OSError as error:
        raise UnreadableRunError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableRunError(f"{path.name} is damaged: {error}") from error


def _summary(path: Path) -> dict[str, Any]:
    summary = _parsed(path, parse_json)
    for name, value in summary.items():
        is_text = name in _TEXTS and isinstance(value, str)
        is_number = name in _NUMBERS and isinstance(value, float)
        is_count = name in (*_COUNTS, *_NUMBERS) and _is_count(value)
        if name in _CHECKED and value is not None and not (is_text or is_number or is_count):
            raise UnreadableRunError(f"{path.name} is damaged: its {name} is '{short(str(value))}'")
    return summary


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST

"""One run, as its directory tells it: what it is, how it stands, what it came to."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from spectral_bench.config.hints import short
from spectral_bench.config.keys import with_one_radius
from spectral_bench.config.schema import EXECUTION, MEASURING
from spectral_bench.data.datasets import same_for_copies
from spectral_bench.records.partial_summary import last_gradients, last_margin, summarise_unfinished
from spectral_bench.records.recorded_facts import RecordedFacts, recorded_facts
from spectral_bench.records.run_tables import first_look, has_whole_metrics, metrics_damage
from spectral_bench.runs.labels import Labels, read_labels
from spectral_bench.runs.layout import (
    CONFIG,
    CONFIGURED,
    FORMAT,
    LABELS,
    MANIFEST,
    MANIFEST_KEYS,
    METRICS,
    SUMMARY,
    SUMMARY_FIELDS,
    Mode,
)
from spectral_bench.runs.migration import measured_otherwise, upgraded_config, upgraded_manifest
from spectral_bench.runs.safe_reading import LARGEST_TEXT, brief, parse_json, parse_yaml, read_bytes

#: What is kept of the manifest.
_KEPT = tuple(key.name for key in MANIFEST_KEYS if key.kept)

_SUMMARY = {field.name: field.type for field in SUMMARY_FIELDS}

#: Keys of the configuration that are computed with, or whose columns have a type whatever they hold.
_CONFIGURED = {"seed": "count", "r": "number", **CONFIGURED}

#: Whole numbers must fit into 64 bits.
_LARGEST = 1 << 63


class UnreadableRunError(Exception):
    """A run directory that cannot be understood; the message says why, in words for the user."""


@dataclass(frozen=True)
class Run:
    """A run.

    Attributes:
        directory: where it is.
        manifest: the keys of ``MANIFEST_KEYS`` that are kept.
        config: the configuration under dotted keys (``"model.hidden_size"``).
        summary: the content of ``summary.json``; for a run without one, what its tables tell so far.
        damage: what is damaged of it though it can be used, in words for the user.
        tags: words that somebody gave it to find it by.
        note: what somebody noted about it.
    """

    directory: Path
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    damage: str | None = None
    tags: Sequence[str] = ()
    note: str | None = None

    @property
    def run_id(self) -> str:
        """Name of the directory: unique, by the way it is made."""
        return self.directory.name

    @property
    def status(self) -> str:
        """``running`` (or killed without a word), ``completed``, ``diverged``, ``interrupted`` or ``failed``."""
        return str(self.manifest["status"])

    @cached_property
    def group(self) -> str:
        """Equal for runs that differ in nothing but the seed, and in how they were carried out.

        By what was trained, and by the data that was read: two texts in place of one would look alike otherwise.
        """
        content = [self.trained, self.files_read or None]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    @cached_property
    def files_read(self) -> list[str]:
        """What was read of data, told by digests: the same for a known set that was unpacked or moved."""
        data = self.manifest.get("data") or {}
        return same_for_copies(data) if isinstance(data, Mapping) else [str(data)]

    @property
    def trained(self) -> dict[str, Any]:
        """The part of the configuration that says what was trained: not with which seed, how fast, or where."""
        carried_out = ["seed", *self.execution]
        if self.config.get("train.patience") is None:
            carried_out += MEASURING
        trained = {key: value for key, value in self.effective_config.items() if key not in carried_out}
        if self.facts.every_step is False:  # whichever was asked for, the gradient is that of the last loss
            trained["trace.of"] = "last"
        return trained

    @property
    def execution(self) -> Sequence[str]:
        """The keys that say how it was carried out, not what was trained.

        Where evaluation batches continue each other, their size is not among them: by it, states start anew more often.
        """
        continues = self.manifest.get("evaluation_continues")
        return [key for key in EXECUTION if key != "train.evaluation_batch_size"] if continues else EXECUTION

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

    @property
    def has_metrics(self) -> bool:
        """Whether the table of its metrics is there."""
        return (self.directory / METRICS).exists()

    def lacks_end(self, last_step: int) -> bool:
        """Whether a table whose last step is this one has lost its end: a run measures and traces what it ends with."""
        end = self.summary.get("steps")
        return self.status == "completed" and end is not None and bool(last_step < end)

    def fields(self) -> dict[str, Any]:
        """Everything that can be asked of a run by name: summary, identity, labels, the configuration's dotted keys.

        A key that changes no number of the run (``r``, where the model has no radius) is None. Of a model
        whose singular values are all at their centre by nature (an orthogonal one) the radius is zero.
        """
        identity = {
            "run_id": self.run_id,
            "task": self.task,
            "model": self.model,
            "status": self.status,
            "group": self.group,
            "tag": tuple(self.tags) or None,
            "note": self.note,
        }
        by_nature = {"r": 0.0} if self.facts.sigma == (self.facts.centre, self.facts.centre) else {}
        return {**dict.fromkeys(self.config), **by_nature, **self.effective_config, **self.summary, **identity}

    @cached_property
    def effective_config(self) -> dict[str, Any]:
        """The configuration without the keys that change no number of this run."""
        return {key: value for key, value in self.config.items() if key not in self.manifest["ineffective"]}

    @cached_property
    def first_look(self) -> int | None:
        """The step of its first measurement on validation data: what was so by then may have been so before."""
        return first_look(self.directory)

    @cached_property
    def facts(self) -> RecordedFacts:
        """What the model says of itself."""
        return recorded_facts(self.manifest["facts"])


def read_record(directory: Path) -> Run:
    """Read a run directory, whatever state it is in and whichever version wrote it.

    Raises:
        UnreadableRunError: written by a newer version, or damaged beyond use.
    """
    found = _parsed(directory / MANIFEST, parse_json)
    written_as = found.get("format")
    if not isinstance(written_as, int):
        raise UnreadableRunError(f"{MANIFEST} does not say its format")
    if written_as > FORMAT:
        raise UnreadableRunError(f"written by a newer version (format {written_as}, this version reads up to {FORMAT})")
    nested = upgraded_config(_parsed(directory / CONFIG, parse_yaml))
    config = with_one_radius(nested)
    try:
        manifest = upgraded_manifest(found, nested)
    except ValueError as error:
        raise UnreadableRunError(f"{CONFIG} {error}") from error
    kept = {key: manifest.get(key) for key in _KEPT}
    lacking = [key for key in ("status", "config_digest") if kept[key] is None]
    lacking += [key for key in ("task.name", "model.name", "seed") if config.get(key) is None]
    if lacking:
        raise UnreadableRunError(f"does not say its {', '.join(lacking)}")
    _check(CONFIG, config, _CONFIGURED)
    facts = _checked_facts(kept)
    if not has_whole_metrics(directory):
        raise UnreadableRunError(f"{METRICS} is damaged: it does not begin with the names of its columns")
    summary = _summary(directory, facts, kept["metric"])
    otherwise = measured_otherwise(written_as, manifest, summary)
    if "spectral_margin" in otherwise:
        summary["spectral_margin"] = last_margin(directory, facts.margin_centre)
    if "gradient_verdict" in otherwise:
        summary |= last_gradients(directory, facts)
    end = summary.get("steps") if kept["status"] == "completed" else None
    damage = None if end is None else metrics_damage(directory, end)
    try:
        labels = read_labels(directory)
    except (OSError, ValueError) as error:  # whatever is wrong with it, the run is not
        labels, damage = Labels(), damage or f"{LABELS} cannot be read: {brief(error)}"
    return Run(directory, kept, config, summary, damage, labels.tags, labels.note)


def _checked_facts(manifest: Mapping[str, Any]) -> RecordedFacts:
    """The facts of a manifest, everything else that is kept of it and computed with being of its kind, too."""
    metric, ineffective = manifest["metric"], manifest["ineffective"]
    valid = {
        "git": isinstance(manifest["git"], dict | None),
        "metric": metric is None
        or (isinstance(metric, dict) and isinstance(metric.get("name"), str) and metric.get("mode") in get_args(Mode)),
        "ineffective": isinstance(ineffective, list) and all(isinstance(key, str) for key in ineffective),
    }
    for key, is_valid in valid.items():
        if not is_valid:
            raise UnreadableRunError(f"{MANIFEST} is damaged: its {key} is '{short(str(manifest[key]))}'")
    try:
        return recorded_facts(manifest["facts"])
    except ValueError as error:
        raise UnreadableRunError(f"{MANIFEST} {error}") from error


def _parsed(path: Path, parse: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    try:
        return parse(read_bytes(path, LARGEST_TEXT))
    except OSError as error:
        raise UnreadableRunError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableRunError(f"{path.name} is damaged: {error}") from error


def _summary(directory: Path, facts: RecordedFacts, metric: Mapping[str, str] | None) -> dict[str, Any]:
    """What a run came to; where its summary does not say how the metric is to be read, the manifest does."""
    file = directory / SUMMARY
    if not file.exists():
        return summarise_unfinished(directory, facts, metric)
    summary = _parsed(file, parse_json)
    _check(SUMMARY, summary, _SUMMARY)
    if summary.get("mode") is None and metric is not None:
        summary["mode"] = metric["mode"]
    return summary


def _check(file: str, values: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """See that the values with a type hold nothing else, where they hold anything."""
    for name, value in values.items():
        kind = types.get(name)
        if kind is None or value is None:
            continue
        is_valid = (
            isinstance(value, str)
            if kind == "text"
            else _is_count(value) or (kind == "number" and isinstance(value, float))
        )
        if not is_valid:
            raise UnreadableRunError(f"{file} is damaged: its {name} is '{short(str(value))}'")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST

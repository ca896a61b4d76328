"""From overrides to the typed configuration of a run, and from there to what is saved and compared."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from spectral_bench.config.budget import Sized, fit_hidden_size, parameter_budget
from spectral_bench.config.compose import Composition, compose
from spectral_bench.config.data_folder import default_data_dir
from spectral_bench.config.engine import Engine
from spectral_bench.config.keys import as_typed, flatten
from spectral_bench.config.origins import COMMAND_LINE
from spectral_bench.config.registry import Registry
from spectral_bench.config.schema import AS_BEFORE, CHANGES_NO_NUMBER, MODEL_AS_BEFORE, ExperimentConfig
from spectral_bench.config.typed import typed
from spectral_bench.errors import InputError


@dataclass(frozen=True)
class Kinds:
    """What a configuration may choose; every entry has ``Config``, the dataclass of its keys.

    Attributes:
        models: by ``model.layer``.
        tasks: by ``task.name``.
        optimizers: by ``optimizer.name``.
        count_parameters: of the model of a configuration; by it a hidden size is found for ``model.parameters``.
    """

    models: Registry[Any]
    tasks: Registry[Any]
    optimizers: Registry[Any]
    count_parameters: Callable[[ExperimentConfig], int] | None = None


@dataclass(frozen=True)
class Loaded:
    """The configuration of one run, typed, with where it came from.

    Attributes:
        experiment: what the rest of the program works with.
        composition: what was composed, from which files and overrides.
        warnings: what was typed but has no effect, what is seldom meant, and a radius by another name.
        notes: what was found for what was typed: the hidden size of ``model.parameters``.
    """

    experiment: ExperimentConfig
    composition: Composition
    warnings: list[str]
    notes: list[str]


def load(
    overrides: Sequence[str], kinds: Kinds, config_dir: Path | None = None, engine: Engine | None = None
) -> Loaded:
    """Composes, types and checks the configuration of one run.

    Args:
        overrides: ``KEY=VALUE`` or ``GROUP=OPTION`` in Hydra's grammar, no grid.
        kinds: what may be chosen.
        config_dir: a folder of the user's own files, laid out like ``conf/``.
        engine: see ``compose``.

    Raises:
        InputError: anything about it is wrong; one message naming the value and what was expected.
    """
    composition = compose(overrides, config_dir, engine)
    composition, sized = _within_budget(composition, kinds)
    experiment = experiment_config(composition.config, kinds, composition.origins)
    if composition.origins.get("model.r") == COMMAND_LINE:
        raise InputError(
            f"model.r={composition.config['model'].get('r')}: the radius is a key of the root: write r=VALUE."
        )
    misnamed = [
        f"{key} is filled in from r, but only a key model.r counts as the radius, in tables and in --where; call it r."
        for key in composition.other_radii
    ]
    notes = [] if sized is None else [str(sized)]
    return Loaded(experiment, composition, [*misnamed, *experiment.cautions(), *_idle(experiment, composition)], notes)


def _within_budget(composition: Composition, kinds: Kinds) -> tuple[Composition, Sized | None]:
    """The composition without ``model.parameters``: in its place stands the hidden size that was found for it."""
    model = composition.config.get("model")
    budget = parameter_budget(model) if isinstance(model, Mapping) else None
    if budget is None:
        return _without_budget(composition), None
    if composition.origins.get("model.hidden_size") == COMMAND_LINE:
        raise InputError(
            f"model.parameters={budget} and model.hidden_size={composition.config['model']['hidden_size']}: the second "
            "follows from the first; leave one of them away."
        )
    count = kinds.count_parameters
    if count is None:
        raise InputError(f"model.parameters={budget}: parameters are not counted here.")

    def count_at(hidden_size: int) -> int:
        tried = _without_budget(composition.with_hidden_size(hidden_size))
        return count(experiment_config(tried.config, kinds, composition.origins))

    sized = fit_hidden_size(budget, count_at)
    found = _without_budget(composition.with_hidden_size(sized.hidden_size))
    origins = {**found.origins, "model.hidden_size": f"model.parameters={budget}"}
    return replace(found, origins=origins), sized


def _without_budget(composition: Composition) -> Composition:
    """What a run is configured with: a budget is a way to say a hidden size."""
    model = composition.config.get("model")
    if not isinstance(model, Mapping):
        return composition
    kept = {key: value for key, value in model.items() if key != "parameters"}
    return replace(composition, config={**composition.config, "model": kept})


def _idle(experiment: ExperimentConfig, composition: Composition) -> list[str]:
    """What was typed and changes no number. A switch that is typed to be off is no mistake; a task's 0 is a number."""
    name = experiment.model.name
    messages = []
    for key in experiment.without_effect():
        value: Any = reduce(getitem, key.split("."), composition.config)
        is_off = key != "r" and not key.startswith("task.") and not value
        is_read = key == "r" and composition.other_radii
        if composition.origins.get(key) != COMMAND_LINE or is_off or is_read:
            continue
        why = f"model '{name}' as configured here has no use for it"
        if key == "r":
            why = f"model '{name}' has no sigma radius"
        elif key.startswith("task."):
            why = f"task '{experiment.task.name}' as configured here has no use for it"
        elif key == "train.evaluations":
            why = f"train.evaluate_every={experiment.train.evaluate_every} says how often"
        messages.append(f"{key}={as_typed(value)} has no effect: {why}.")
    return messages


def experiment_config(
    config: Mapping[str, Any], kinds: Kinds, origins: Mapping[str, str] | None = None
) -> ExperimentConfig:
    """Types a composed configuration, or one read back from a run's ``config.yaml``.

    Raises:
        InputError: a key is unknown or missing, or a value has the wrong type or makes no sense.
    """
    configured = config.get("data_dir")
    nodes = {
        "model": _typed_by_name(config, "model", "layer", kinds.models, origins),
        "task": _typed_by_name(config, "task", "name", kinds.tasks, origins),
        "optimizer": _typed_by_name(config, "optimizer", "name", kinds.optimizers, origins),
        "data_dir": default_data_dir() if configured is None else configured,
    }
    return typed({**config, **nodes}, ExperimentConfig, "", origins)


def resolved(experiment: ExperimentConfig) -> dict[str, Any]:
    """The configuration as plain dicts, text and numbers, as it is saved; ``experiment_config`` reads it back."""
    return {field.name: _plain(getattr(experiment, field.name)) for field in fields(experiment)}


def digest(experiment: ExperimentConfig) -> str:
    """SHA-256 of what a run measures: two runs have the same digest when they differ in nothing but the seed.

    The folders of data and results are left out, and so are the length of a session and whatever else changes no
    number. A key that earlier versions did not have is left out at the value that stands for what these did. A radius
    that the model reads from the root counts once, under the root's name. Another option of a model that has no effect
    counts as off (false, or 0), which it may be elsewhere.
    """
    kept = resolved(experiment)
    ineffective = experiment.ineffective()
    twice = () if "r" in ineffective else ("model.r",)
    flat = flatten(kept)
    of_model = {f"model.{name}": value for name, value in MODEL_AS_BEFORE.get(experiment.model.layer, {}).items()}
    new = {**AS_BEFORE, **of_model}
    as_before = [key for key, value in new.items() if flat[key] == value or key in ineffective]
    dropped = dict.fromkeys(("seed", *CHANGES_NO_NUMBER, *twice, *as_before))
    for key in (*dropped, *(key for key in ineffective if key not in dropped)):
        *path, name = key.split(".")
        node = reduce(getitem, path, kept)
        if key not in dropped and name != "r" and isinstance(node[name], bool | int | float):
            node[name] = type(node[name])()
        else:
            del node[name]
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _typed_by_name(
    config: Mapping[str, Any],
    node: str,
    key: str,
    kinds: Registry[Any],
    origins: Mapping[str, str] | None,
) -> Any:
    """Types a node by the dataclass that one of its own keys names."""
    values = config.get(node)
    if not isinstance(values, Mapping) or values.get(key) is None:
        raise InputError(f"{node}.{key} has no value: expected one of {', '.join(kinds)}.")
    return typed(values, kinds[str(values[key])].Config, node, origins)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return _shown(value)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _shown(path: Path) -> str:
    """A path as it is saved: below the home folder from ``~`` on, for results are shared and homes have names."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)

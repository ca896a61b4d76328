"""What earlier versions wrote, as this one would have written it: in memory, whenever it is read.

Format 1 recorded no facts of the model, so they follow from its configuration; formats 2 and 3 did not say what a
traced state is made of. This is the only place that may ask which layer, map or activation a model has, or which task
it was trained on. Where traces of formats 1 and 2 lie when a run has ended is read by ``table_files.py`` anyway.
Directories are not rewritten by whoever reads them; a run that goes on is written as this version writes.
"""

import sys
from collections.abc import Mapping
from typing import Any

from spectral_bench.config.hints import short
from spectral_bench.config.keys import flatten
from spectral_bench.config.schema import AS_BEFORE, MODEL_AS_BEFORE
from spectral_bench.runs.layout import FORMAT, OF_NORMS, TRACED_BEFORE, Mode

#: The metric of every task that format 1 knew.
_METRICS: Mapping[str, tuple[str, Mode]] = {
    "addition": ("mse", "min"),
    "copy": ("recall_accuracy", "max"),
    "mnist": ("accuracy", "max"),
    "ptb": ("perplexity", "min"),
    "ucr": ("accuracy", "max"),
}

#: The tasks whose evaluation batches continue each other, of those that did not say so.
_CONTINUING = ("ptb",)

#: The layers that format 1 knew.
_LAYERS = ("dense", "householder", "svd", "lstm", "gru")

#: Maps whose singular values depend on the radius.
_OF_RADIUS = ("sigmoid", "clip")

#: Smallest and largest slope of each activation; a leaky ReLU's smallest is its leak.
_SLOPES: Mapping[str, tuple[float, float]] = {
    "identity": (1.0, 1.0),
    "relu": (0.0, 1.0),
    "tanh": (0.0, 1.0),
    "modrelu": (0.0, 1.0),
}

#: The layers of this package whose leak is that of a leaky ReLU.
_LEAKING = ("dense", "householder", "svd", "exprnn", "cayley", "factorized", "indrnn")

#: By layer, keys that its node ``model`` has not always had, each with the root key whose value it takes.
_NEW_KEYS: Mapping[str, Mapping[str, str]] = {"svd": {"r": "r"}, "dense": {"r": "r"}}

#: Format 1 measured every spectral margin from here.
_CENTRE_BEFORE = 1.0


def upgraded_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``config.yaml`` of any format, as this one has it.

    It goes by what is lacking, not by the manifest's format: a run that is resumed has its new manifest a moment before
    its new configuration.
    """
    config = _with_keys_as_before(config)
    model = config.get("model")
    if not isinstance(model, Mapping):
        return config
    new = _NEW_KEYS.get(str(model.get("layer")), {})
    added = {key: config[root] for key, root in new.items() if key not in model and root in config}
    return {**config, "model": {**MODEL_AS_BEFORE.get(str(model.get("layer")), {}), **model, **added}}


def _with_keys_as_before(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the keys of ``AS_BEFORE`` that it lacks, in the nodes that it has."""
    upgraded = dict(config)
    for key, value in AS_BEFORE.items():
        node, _, name = key.partition(".")
        if isinstance(upgraded.get(node), Mapping):
            upgraded[node] = {name: value, **upgraded[node]}
    return upgraded


def upgraded_manifest(manifest: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a ``manifest.json`` of any format up to this one, as this one has it.

    Args:
        manifest: what the file holds.
        config: what the ``config.yaml`` beside it holds.

    Raises:
        ValueError: the configuration lacks what the facts of its model follow from, or is damaged there; the message
            follows the name of the file.
    """
    keys = flatten(config)
    manifest = {"evaluation_continues": keys.get("task.name") in _CONTINUING, **manifest}
    if manifest["format"] > 1:
        newer = {"format": max(manifest["format"], FORMAT), **_idle_since(manifest, keys)}
        return {**manifest, **newer, **_traced_until(manifest, keys)}
    content = {"sessions" if key == "sittings" else key: value for key, value in manifest.items()}
    every_step = content.pop("every_step", None)
    name, mode = _METRICS.get(str(keys.get("task.name")), (None, None))
    return {
        **content,
        "format": FORMAT,
        "facts": facts_of(keys, every_step),
        "metric": None if name is None else {"name": name, "mode": mode},
        "ineffective": [*ineffective_keys(keys), *_unused(keys)],
    }


def facts_of(keys: Mapping[str, Any], every_step: bool | None) -> dict[str, Any]:
    """The facts of a model of format 1.

    Args:
        keys: its configuration under dotted keys.
        every_step: whether the loss looks at every time step; None: unknown.

    Raises:
        ValueError: as of ``upgraded_manifest``.
    """
    sigma, centre = _singular_values(keys)
    return {
        "trace_axis": "time",
        "sigma": sigma,
        "centre": centre,
        "slopes": _slopes(keys),
        "step": None,
        "every_step": every_step,
        "layers": _count(keys, "model.num_layers", 1),
        "traced": _traced_before(keys),
    }


def ineffective_keys(keys: Mapping[str, Any]) -> list[str]:
    """The dotted keys that change no number of a run of format 1; of a layer nobody knows, none is called so."""
    layer = keys.get("model.layer")
    if layer not in _LAYERS or (layer == "svd" and keys.get("model.map") in _OF_RADIUS):
        return []
    if layer == "dense":
        return ["r", *_idle_of_dense(keys)]
    return ["r", *(f"model.{key}" for key, root in _NEW_KEYS.get(str(layer), {}).items() if root == "r")]


def _idle_since(manifest: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """``ineffective`` with what its layer has been given since, and does not use, and what it did not name."""
    known = manifest.get("ineffective")
    if not isinstance(known, list):
        return {}
    since = [*(_idle_of_dense(keys) if keys.get("model.layer") == "dense" else []), *_unused(keys)]
    return {"ineffective": [*known, *(key for key in since if key not in known)]}


def _unused(keys: Mapping[str, Any]) -> list[str]:
    """The keys that change no number as a run is configured, but are in its digest: manifests did not name them."""
    leak = keys.get("model.layer") in _LEAKING and keys.get("model.activation") not in (None, "leaky_relu")
    order = keys.get("task.name") == "mnist" and keys.get("task.permuted") is False
    idle = {"model.leak": leak, "task.permutation_seed": order}
    return [key for key, is_idle in idle.items() if is_idle and key in keys]


def _idle_of_dense(keys: Mapping[str, Any]) -> list[str]:
    """The keys of a free matrix that change no number, where the matrix is neither penalised nor clipped."""
    penalised = keys.get("model.penalise", "none") != "none"
    clipped = keys.get("model.bound") == "clip"
    return [
        *([] if penalised else ["model.penalty_weight"]),
        *([] if clipped else ["model.r", "model.clip_every"]),
    ]


def _traced_until(manifest: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """``facts`` with what was traced, which is said since format 4."""
    facts = manifest.get("facts")
    if manifest["format"] >= FORMAT or not isinstance(facts, Mapping):
        return {}
    return {"facts": {**facts, "traced": _traced_before(keys)}}


def measured_otherwise(written_as: int, manifest: Mapping[str, Any], summary: Mapping[str, Any]) -> set[str]:
    """The fields of a ``summary.json`` that this version would measure in another way.

    Args:
        written_as: the format of the directory.
        manifest: as this version has it.
        summary: what the file holds.
    """
    # A summary that knows only stable, vanishing and exploding gradients may have the rate of another layer of a stack.
    found = set() if "gradient_kept" in summary else set(OF_NORMS)
    if written_as > 1:
        return found
    facts = manifest["facts"]
    if facts["centre"] != _CENTRE_BEFORE or facts["slopes"] is None:
        found.add("spectral_margin")
    if facts["every_step"]:
        found |= OF_NORMS
    return found


def _traced_before(keys: Mapping[str, Any]) -> str:
    """What states were made of whose gradients were traced before format 4: of an LSTM, c was not looked at."""
    return TRACED_BEFORE if keys.get("model.layer") == "lstm" else "h"


def _singular_values(keys: Mapping[str, Any]) -> tuple[list[float] | None, float]:
    """The smallest and the largest singular value, None if they are free; and what they are to be near."""
    layer, how = keys.get("model.layer"), keys.get("model.map")
    if layer == "householder":
        return [1.0, 1.0], 1.0
    if layer != "svd":
        return None, 1.0
    centre = _number(keys, "model.centre")
    if how not in (*_OF_RADIUS, "fixed"):
        return None, abs(centre)
    radius = 0.0 if how == "fixed" else _number(keys, "r")
    low, high = centre - radius, centre + radius
    return [max(low, -high, 0.0), max(-low, high)], abs(centre)  # of |sigma|, which is what is measured


def _slopes(keys: Mapping[str, Any]) -> list[float] | None:
    activation = str(keys.get("model.activation"))
    if keys.get("model.layer") not in ("dense", "householder", "svd"):
        return None
    if activation == "leaky_relu":
        return [_number(keys, "model.leak"), 1.0]
    return list(_SLOPES[activation]) if activation in _SLOPES else None


def _number(keys: Mapping[str, Any], key: str) -> float:
    value = keys.get(key)
    if value is None:
        raise ValueError(f"does not say its {key}")
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"is damaged: its {key} is '{short(str(value))}'")
    return float(value)


def _count(keys: Mapping[str, Any], key: str, default: int) -> int:
    value = keys.get(key, default)
    if type(value) is not int or not 0 < value < 1 << 63:
        raise ValueError(f"is damaged: its {key} is '{short(str(value))}'")
    return value

"""The configuration that overrides make, as readers of runs see it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from spectral_bench.config.keys import flatten
from spectral_bench.config.load import load, resolved
from spectral_bench.runs.kinds import KINDS


def effective_config(overrides: Sequence[str]) -> Mapping[str, Any]:
    """What overrides configure, under dotted keys, without those that change no number.

    Raises:
        InputError: an override is wrong.
    """
    return _effective_config(tuple(overrides))


@cache
def _effective_config(overrides: tuple[str, ...]) -> Mapping[str, Any]:
    experiment = load(overrides, KINDS).experiment
    config = flatten(resolved(experiment))
    if config.get("model.r") == config["r"]:
        del config["model.r"]
    idle = experiment.ineffective()
    return {key: value for key, value in config.items() if key not in idle}

"""Every key of every model changes what a training computes: none is accepted and ignored."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from spectral_bench.config.catalog import options
from spectral_bench.config.keys import flatten
from spectral_bench.config.load import load, resolved
from spectral_bench.errors import InputError
from spectral_bench.nn import Signature, build_model
from spectral_bench.runs.kinds import KINDS
from spectral_bench.training.optimizers import build_optimizer

#: Small enough for hundreds of trainings.
SIZES = {"hidden_size": 4, "depth": 2, "m1": 2, "m2": 2, "m": 4, "rebase_every": 3}

#: Of every model alike, and tested by themselves.
ELSEWHERE = {"name", "layer", "parameters"}

#: Where a key means something only beside another.
BESIDES = {
    "dropout": ["num_layers=2"],
    "leak": ["activation=leaky_relu"],
    "penalty": ["map=free"],
    "penalty_weight": ["penalise=so"],
    "clip_every": ["bound=clip"],
}
BESIDES_IN = {(model, "r"): ["bound=clip"] for model in ("rnn", "irnn")}

#: Values to try; of another key twice its value, or the contrary.
OTHERS: dict[str, list[Any]] = {
    "activation": ["tanh", "identity"],
    "beta": [0.25],
    "bound": ["normalise"],
    "centre": [0.0, 1.0],
    "clip_every": [3],
    "dropout": [0.5],
    "input_start": ["normal", "uniform"],
    "m": [3],
    "m1": [3],
    "m2": [3],
    "map": ["tanh"],
    "max_gain": [1.001],
    "max_phase": [1.0],
    "penalise": ["mc"],
    "penalty": [1.0],
    "r_max": [0.5],
    "r_min": [0.5],
    "rebase_every": [1],
    "rho": [1],
    "start": ["orthogonal", "identity", "cayley"],
    "state_size": [5],
}


def chosen(model: str) -> list[str]:
    return ["task=addition", "recipe=none", f"model={model}", "optimizer.lr=0.03"]


@cache
def configured(model: str) -> dict[str, Any]:
    return flatten(resolved(load(chosen(model), KINDS).experiment))


def words(model: str, *settings: str) -> list[str]:
    small = (f"{key}={size}" for key, size in SIZES.items() if configured(model).get(f"model.{key}") is not None)
    return [*chosen(model), *(one if one.startswith("r=") else f"model.{one}" for one in (*small, *settings))]


def every_key() -> list[tuple[str, str]]:
    keys = [(model, key) for model in options("model") for key in configured(model) if key.startswith("model.")]
    return [(model, name) for model, key in keys if (name := key.removeprefix("model.")) not in ELSEWHERE]


@pytest.mark.filterwarnings("ignore:model.centre=1")  # a residual network of such branches
@pytest.mark.parametrize(("model", "key"), every_key())
def test_a_key_of_a_model_changes_what_is_trained(model: str, key: str) -> None:
    besides = BESIDES_IN.get((model, key), BESIDES.get(key, []))
    own = configured(model)[f"model.{key}"]
    others = OTHERS.get(key, [not own if isinstance(own, bool) else 2 * own if own else 1])
    outcomes = [trained(model, *besides, f"{key}={other}") for other in others if other != own]
    assert any(outcome is not None and differs(outcome, trained(model, *besides)) for outcome in outcomes)


@cache
def trained(model: str, *settings: str) -> list[Tensor] | None:
    """Parameters after some updates; None where the model does not take such a value."""
    try:
        experiment = load(words(model, *settings), KINDS).experiment
    except InputError:
        return None
    torch.manual_seed(0)
    built = build_model(experiment.model, Signature(3, 3, length=5, every_step=False))
    optimizer = build_optimizer(experiment.optimizer, built)
    inputs = torch.randn(4, 5, 6, 3, generator=torch.Generator().manual_seed(1))
    for x_TBD in inputs:
        optimizer.zero_grad()
        loss = built(x_TBD)[0].square().sum()
        penalty = built.penalty()
        (loss if penalty is None else loss + penalty).backward()
        optimizer.step()
        built.constrain_()
    return [parameter.detach() for parameter in built.parameters()]


def differs(one: list[Tensor], other: list[Tensor]) -> bool:
    return len(one) != len(other) or not all(map(torch.equal, one, other))

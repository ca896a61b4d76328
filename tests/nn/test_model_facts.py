"""What models state of themselves is true of them."""

import importlib
import json
import math
import pkgutil
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import spectral_bench.nn
from spectral_bench.config.load import load
from spectral_bench.errors import InputError
from spectral_bench.nn import (
    Constrained,
    Facts,
    RecurrentLayer,
    RecurrentStack,
    SequenceModel,
    Signature,
    SpectralRNN,
    SVDLinear,
    SVDTransition,
    build_activation,
    build_model,
    constrain_,
    matrix_singular_values,
    svd_parametrize,
)
from spectral_bench.nn.model import Model
from spectral_bench.nn.svd_matrix import SVDMatrix
from spectral_bench.runs.kinds import KINDS


def model(*overrides: str, every_step: bool = False) -> Any:
    experiment = load(["task=copy", "recipe=none", "model.hidden_size=24", *overrides], KINDS).experiment
    return build_model(experiment.model, Signature(2, 3, length=7, every_step=every_step))


@pytest.mark.parametrize(
    ("overrides", "facts"),
    [
        (["model=rnn"], Facts(None, 1.0, (0.0, 1.0))),
        (["model=irnn", "model.num_layers=2"], Facts(None, 1.0, (0.0, 1.0), layers=2)),
        (["model=ornn", "model.m=4", "model.leak=0.2"], Facts((1.0, 1.0), 1.0, (0.2, 1.0))),
        (["model=svdrnn", "r=0.1", "model.activation=identity"], Facts((0.9, 1.1), 1.0, (1.0, 1.0))),
        (["model=svdrnn", "r=0.1", "model.centre=0"], Facts((0.0, 0.1), 0.0, (0.01, 1.0))),
        (["model=svdrnn", "model.map=fixed"], Facts((1.0, 1.0), 1.0, (0.01, 1.0))),
        (["model=svdrnn", "model.map=free"], Facts(None, 1.0, (0.01, 1.0))),
        (["model=lstm"], Facts(None, 1.0, None, traced="(h, c)")),
        (["model=gru"], Facts(None, 1.0, None)),
        (["model=cornn"], Facts(None, 1.0, None, traced="(y, z)")),
        (["model=lru"], Facts((0.0, 1.0), 1.0, (1.0, 1.0), traced="x")),
    ],
)
def test_bounds_centre_and_slopes_are_those_of_the_configuration(overrides: list[str], facts: Facts) -> None:
    assert model(*overrides).facts() == facts


def test_a_loss_at_every_step_is_a_fact() -> None:
    assert model("model=rnn", every_step=True).facts().every_step


@pytest.mark.parametrize("map_name", ["sigmoid", "tanh", "sin", "clip", "fixed"])
def test_singular_values_stay_within_the_stated_bounds_whatever_the_parameters(map_name: str) -> None:
    built = model("model=svdrnn", "r=0.2", f"model.map={map_name}")
    with torch.no_grad():
        for parameter in built.stack.parameters():
            parameter.add_(3.0 * torch.randn_like(parameter))
    built.constrain_()
    low, high = built.facts().sigma
    (values,) = built.singular_values().values()
    assert values.dtype == torch.float64
    assert (values >= low - 1e-5).all()
    assert (values <= high + 1e-5).all()


def test_singular_values_of_a_complex_matrix_are_not_those_of_its_real_part() -> None:
    unitary, _ = torch.linalg.qr(torch.randn(8, 8, dtype=torch.complex64))
    torch.testing.assert_close(matrix_singular_values(unitary), torch.ones(8).double(), rtol=0, atol=1e-6)
    wide = torch.randn(3, 8, dtype=torch.complex128)
    torch.testing.assert_close(matrix_singular_values(wide).square(), torch.linalg.eigvalsh(wide @ wide.mH).flip(0))


def test_a_matrix_that_is_not_finite_has_singular_values_nan() -> None:
    assert matrix_singular_values(torch.full((3, 5), torch.inf)).isnan().tolist() == [True] * 3


class Mixed(Model):
    """A model of somebody else: a free layer between one in SVD form and a parametrized one."""

    def __init__(self) -> None:
        super().__init__()
        self.first = SVDLinear(6, 6, m1=3, m2=2, r=0.1)
        self.second = svd_parametrize(nn.Linear(6, 6), m1=2, m2=2, penalty=0.5, start="random")
        self.last = nn.Linear(6, 3)

    def forward(self, inputs: torch.Tensor, *_: Any) -> tuple[torch.Tensor, list[Any]]:
        return self.last(self.second(self.first(inputs))), []

    def facts(self) -> Facts:
        return Facts()

    def singular_values(self) -> dict[tuple[int, str], torch.Tensor]:
        return {}


def test_constrained_parts_are_found_wherever_they_are() -> None:
    built = Mixed()
    parts = [module for module in built.modules() if isinstance(module, Constrained)]
    assert len(parts) == 2
    # Triangles of 3 and 2 reflectors, and of 2 and 2.
    assert built.num_parameters() == sum(p.numel() for p in built.parameters()) - (3 + 1) - (1 + 1)
    assert built.penalty() is not None
    with torch.no_grad():
        built.first.matrix.u.mul_(3.0)
    constrain_(built)
    torch.testing.assert_close(built.first.matrix.u.norm(dim=1), torch.ones(3))


def test_no_part_of_the_package_has_a_constraint_that_training_would_not_find() -> None:
    promises = {name for name in vars(Constrained) if not name.startswith("__")}
    passing_on = {Model, SpectralRNN, SVDLinear}  # by a method of their own, for those who train by hand
    unheard = [
        part
        for found in pkgutil.walk_packages(spectral_bench.nn.__path__, "spectral_bench.nn.")
        for part in vars(importlib.import_module(found.name)).values()
        if isinstance(part, type) and issubclass(part, nn.Module) and part not in passing_on
        if promises & {*vars(part)} and not issubclass(part, Constrained)
    ]
    assert not unheard


def test_without_a_penalty_nothing_is_added_to_the_loss() -> None:
    built = model("model=svdrnn", "model.map=free")
    assert built.penalty() is None
    (part,) = [part for part in built.modules() if isinstance(part, SVDMatrix)]
    assert part.penalty() == 0.0  # what users ask for is a number


class Part(nn.Linear, Constrained):
    """A part of somebody else with a loss of its own."""

    def loss_term(self) -> torch.Tensor:
        return self.weight.square().sum()


def test_the_loss_of_a_part_is_found_and_added() -> None:
    built = Mixed()
    before = built.penalty()
    built.extra = Part(2, 2)
    torch.testing.assert_close(built.penalty(), before + built.extra.weight.square().sum())


def test_complex_parameters_count_twice_and_frozen_ones_not_at_all() -> None:
    built = Mixed()
    count = built.num_parameters()
    built.eigenvalues = nn.Parameter(torch.zeros(4, dtype=torch.complex64))
    assert built.num_parameters() == count + 8
    own = sum(parameter.numel() for parameter in built.first.parameters())
    built.first.requires_grad_(False)
    assert built.num_parameters() == count + 8 - (own - (3 + 1))
    built.requires_grad_(False)
    assert built.num_parameters() == 0


def test_layers_around_different_centres_are_refused() -> None:
    def layer(centre: float) -> RecurrentLayer:
        transition = SVDTransition(4, 2, 2, r=0.1, centre=centre)
        return RecurrentLayer(4, transition, build_activation("tanh", 4))

    both = SequenceModel(RecurrentStack([layer(0.5), layer(-0.5)]), 2, every_step=False)
    assert both.facts().centre == 0.5  # of a singular value, which has no sign
    with pytest.raises(ValueError, match=r"one centre, got 1, 0\.5"):
        SequenceModel(RecurrentStack([layer(1.0), layer(0.5)]), 2, every_step=False)


def test_facts_are_plain_numbers() -> None:
    facts = Facts((np.float32(0.5), 1), np.float64(1.0), [0, np.int64(1)], np.bool_(True), np.int64(2), "depth")
    assert json.loads(json.dumps(facts.as_dict())) == {
        "sigma": [0.5, 1.0],
        "centre": 1.0,
        "slopes": [0.0, 1.0],
        "every_step": True,
        "layers": 2,
        "trace_axis": "depth",
        "step": None,
        "traced": "h",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigma": (1.0, 0.5)},
        {"sigma": (-1.0, 0.5)},
        {"sigma": (0.0, math.inf)},
        {"sigma": 1.0},
        {"sigma": (1.0, 1.0, 1.0)},
        {"slopes": (math.nan, 1.0)},
        {"slopes": ("0", "1")},
        {"centre": None},
        {"centre": torch.tensor(1.0)},
        {"layers": 0},
        {"layers": 1.5},
        {"trace_axis": "width"},
        {"traced": ""},
        {"traced": "h\nc"},
        {"traced": ("h", "c")},
    ],
)
def test_facts_that_make_no_sense_are_refused_before_anything_is_written(
    wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=name if name != "trace_axis" else "width"):
        Facts(**wrong)
    monkeypatch.setattr(SequenceModel, "facts", lambda _: Facts(**wrong))
    with pytest.raises(InputError, match="model=rnn: "):
        model("model=rnn")

"""Parameters that come from outside are looked at once, when ``load_state_dict`` has filled a module."""

import copy
import io
from collections.abc import Callable

import pytest
import torch
from torch import nn

from spectral_bench.nn import (
    HouseholderTransition,
    RecurrentLayer,
    SpectralRNN,
    SVDLinear,
    SVDTransition,
    build_activation,
    svd_parametrize,
)
from spectral_bench.nn.constrained import constrain_

MODULES: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: SVDLinear(6, 6, m1=4, m2=4, r=0.3),
    "network": lambda: SpectralRNN(3, 6, 2, m1=4, m2=4, r=0.3),
    "parametrized": lambda: svd_parametrize(nn.Linear(6, 6), m1=4, m2=4, r=0.3, start="random"),
    "parametrized within": lambda: nn.Sequential(svd_parametrize(nn.Conv1d(2, 6, 3), r=0.3)),
    "transition": lambda: SVDTransition(6, 4, 4, r=0.3),
    "orthogonal": lambda: HouseholderTransition(6, 4),
}
LAYERS = [name for name in MODULES if name not in ("transition", "orthogonal")]
every_module = pytest.mark.parametrize("module", MODULES)


def spoil(module: nn.Module, names: tuple[str, ...], place: tuple[int, ...], value: float) -> dict[str, torch.Tensor]:
    """A state dict with one other value, in the last parameter of such a name."""
    state = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    key = [key for key in state if key.split(".")[-1] in names][-1]
    state[key][place] = value
    return state


def weights(module: nn.Module) -> list[torch.Tensor]:
    """Every matrix that a module makes of its parameters."""
    if isinstance(module, nn.Sequential):
        module = module[0]
    if isinstance(module, SpectralRNN):
        return [layer.transition.weight() for layer in module.stack.layers]
    return [module.weight() if callable(module.weight) else module.weight]


REFLECTORS, RAW = ("u", "v", "original0", "original1", "reflectors"), ("raw", "original2")


@every_module
@pytest.mark.parametrize("assign", [False, True])
def test_entries_below_a_diagonal_are_loaded_and_mean_nothing(module: str, assign: bool) -> None:
    source = MODULES[module]()
    target = copy.deepcopy(source)
    target.load_state_dict(spoil(target, REFLECTORS, (1, 0), 0.5), assign=assign)
    for found, expected in zip(weights(target), weights(source), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("module", LAYERS)
@pytest.mark.parametrize("assign", [False, True])
def test_values_that_are_not_finite_are_refused_when_loaded(module: str, assign: bool) -> None:
    target = copy.deepcopy(MODULES[module]())
    with pytest.raises(ValueError, match=r"must be finite, but .*\[0, 1\] = nan"):
        target.load_state_dict(spoil(target, REFLECTORS, (0, 1), float("nan")), assign=assign)
    with pytest.raises(ValueError, match=r"raw must be finite, but raw\[2\] = -inf"):
        MODULES[module]().load_state_dict(spoil(MODULES[module](), RAW, (2,), float("-inf")), assign=assign)


def test_a_training_that_carries_on_with_nan_can_restore_it() -> None:
    transition = SVDTransition(6, 4, 4, r=0.3)
    transition.load_state_dict(spoil(transition, REFLECTORS, (0, 1), float("nan")))
    assert transition.weight().isnan().any()


@pytest.mark.parametrize("module", LAYERS)
def test_parameters_assigned_in_half_precision_are_refused(module: str) -> None:
    state = {name: tensor.bfloat16() for name, tensor in MODULES[module]().state_dict().items()}
    with pytest.raises(ValueError, match=r"must be float32 or float64, got torch\.bfloat16"):
        MODULES[module]().load_state_dict(state, assign=True)


@every_module
def test_what_training_left_is_loaded_bit_for_bit(module: str) -> None:
    source, target = MODULES[module](), MODULES[module]()
    optimizer = torch.optim.Adam(source.parameters(), lr=0.1, weight_decay=0.1)
    for parameter in source.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True))
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value)


def test_the_layers_of_the_models_of_the_command_line_carry_on_with_nan() -> None:
    """The training loop looks out for NaN, and may have been told to carry on with it."""
    layer = RecurrentLayer(3, SVDTransition(6, 4, 4, r=0.3), build_activation("tanh", 6))
    with torch.no_grad():
        layer.transition.matrix.u[0, 0] = float("nan")
    states, _ = layer(torch.ones(2, 1, 3))
    states.sum().backward()
    constrain_(layer)
    assert states.isnan().all()


@pytest.mark.parametrize("module", ["linear", "network", "transition", "orthogonal"])
def test_a_whole_module_can_be_pickled(module: str) -> None:
    buffer = io.BytesIO()
    torch.save(source := MODULES[module](), buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    for key, value in source.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)

"""Layers compute where their parameters are: on PyTorch's shape-only device, a tensor made elsewhere is refused."""

from collections.abc import Callable

import pytest
import torch
from deep_module import Deep
from torch._subclasses import FakeTensorMode

from spectral_bench.nn.activations import ActivationName, build_activation
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.spectral_rnn import SpectralRNN
from spectral_bench.nn.svd_linear import SVDLinear
from spectral_bench.nn.transitions import DenseTransition, HouseholderTransition, SVDTransition

Build = Callable[[], torch.nn.Module]


def recurrent(transition: torch.nn.Module, activation: str = "leaky_relu") -> RecurrentLayer:
    return RecurrentLayer(2, transition, build_activation(activation, transition.hidden_size, 0.01))


LAYERS: dict[str, Build] = {
    **{f"dense, {name}": lambda name=name: recurrent(DenseTransition(8), name) for name in ActivationName},
    "svd, dense form": lambda: recurrent(SVDTransition(8, 2, 3, r=0.1)),
    "svd, low rank": lambda: recurrent(SVDTransition(512, 2, 3, r=0.1)),
    "householder": lambda: recurrent(HouseholderTransition(8, 2)),
    "network": lambda: SpectralRNN(2, 8, 2),
    "network in both directions": lambda: SpectralRNN(2, 8, 2, bidirectional=True),
    "network without bias": lambda: SpectralRNN(2, 8, 2, bias=False),
    "lstm": lambda: LSTMLayer(2, 8),
    "gru": lambda: GRULayer(2, 8),
}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_every_tensor_of_a_training_step_is_where_the_parameters_are(build: Build) -> None:
    layer = build().to("meta")
    x_TBD = torch.empty(5, 3, 2, device="meta", requires_grad=True)
    states_TBN, final = layer(x_TBD)
    (states_TBN.sum() + final[0].sum()).backward()
    assert x_TBD.grad is not None
    assert {parameter.grad.device.type for parameter in layer.parameters()} == {"meta"}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_fake_tensors_have_the_shapes_and_strides_of_real_ones(build: Build) -> None:
    def step(layer: torch.nn.Module, x_TBD: torch.Tensor) -> dict[str, tuple[torch.Size, tuple[int, ...]]]:
        states_TBN, final = layer(x_TBD)
        (states_TBN.sum() + final[0].sum()).backward()
        found = {"states": states_TBN, "final": final[0], "x": x_TBD.grad}
        found |= {name: parameter.grad for name, parameter in layer.named_parameters()}
        return {name: (tensor.shape, tensor.stride()) for name, tensor in found.items()}

    expected = step(build(), torch.randn(5, 3, 2, requires_grad=True))
    with FakeTensorMode():
        assert step(build(), torch.empty(5, 3, 2, requires_grad=True)) == expected


def test_a_linear_layer_without_values() -> None:
    layer = SVDLinear(3, 5)
    assert layer.to("meta")(torch.empty(4, 3, device="meta")).shape == (4, 5)
    with FakeTensorMode():
        fake = SVDLinear(3, 5)
        fake(torch.empty(4, 3)).sum().backward()
        assert fake.matrix.u.grad is not None


def test_a_deep_network_without_values_however_many_states_it_has() -> None:
    deep = Deep(3).to("meta")
    deep(torch.empty(7, 4, 3, device="meta")).sum().backward()
    assert {parameter.grad.device.type for parameter in deep.parameters()} == {"meta"}
    with FakeTensorMode():
        fake = Deep(3, hidden_size=128, depth=40)
        fake(torch.empty(7, 256, 3)).sum().backward()
        assert all(parameter.grad.shape == parameter.shape for parameter in fake.parameters())

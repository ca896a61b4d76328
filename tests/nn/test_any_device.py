"""Layers compute where their parameters are: on PyTorch's shape-only device, a tensor made elsewhere is refused."""

import contextlib
from collections.abc import Callable

import pytest
import torch

from spectral_bench.nn.activations import ActivationName, build_activation
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.spectral_rnn import SpectralRNN
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
    "network without bias": lambda: SpectralRNN(2, 8, 2, bias=False),
    "lstm": lambda: LSTMLayer(2, 8),
    "gru": lambda: GRULayer(2, 8),
}


@pytest.fixture(autouse=True)
def _no_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no autocast on the shape-only device, not even to be asked about."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_every_tensor_of_a_training_step_is_where_the_parameters_are(build: Build) -> None:
    layer = build().to("meta")
    x_TBD = torch.empty(5, 3, 2, device="meta", requires_grad=True)
    states_TBN, final = layer(x_TBD)
    (states_TBN.sum() + final[0].sum()).backward()
    assert x_TBD.grad is not None
    assert {parameter.grad.device.type for parameter in layer.parameters()} == {"meta"}

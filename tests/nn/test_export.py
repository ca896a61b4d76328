"""Programs made of the layers (exported, traced) compute and train as they do, and there is a way back to torch.nn."""

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from deep_module import Deep
from torch import Tensor, nn
from torch.export import Dim, export

from spectral_bench.nn import GRULayer, LSTMLayer, SpectralRNN, SVDLinear, svd_parametrize
from spectral_bench.nn.plain_rnn import TwoSidedRNN

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = SpectralRNN(3, 8, 2, batch_first=True)
        self.linear = SVDLinear(8, 20)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x)
        return self.linear(states[:, -1])


class Activated(nn.Module):
    """The first layer's output, through another."""

    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.first(x))


BATCH, TIME = Dim("batch", min=1, max=256), Dim("time", min=1, max=4096)
#: A module, an input to export it with, its dynamic axes, and another input.
PROGRAMS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], dict[int, Dim], tuple[int, ...]]] = {
    "linear": (lambda: SVDLinear(3, 4), (4, 3), {0: BATCH}, (100, 3)),
    "parametrized": (lambda: svd_parametrize(nn.Linear(3, 8), r=0.1), (4, 3), {0: BATCH}, (100, 3)),
    "low rank": (lambda: SpectralRNN(3, 160), (5, 2, 3), {0: TIME, 1: BATCH}, (33, 9, 3)),
    "both directions": (lambda: SpectralRNN(3, 8, bidirectional=True), (5, 2, 3), {0: TIME, 1: BATCH}, (33, 9, 3)),
    "network": (Network, (4, 6, 3), {0: BATCH, 1: TIME}, (1, 33, 3)),
    "lstm": (lambda: LSTMLayer(3, 8), (5, 2, 3), {0: TIME, 1: BATCH}, (33, 9, 3)),
    "deep": (lambda: Deep(3), (7, 2, 3), {1: BATCH}, (7, 64, 3)),
    "gru": (lambda: GRULayer(3, 8), (5, 2, 3), {0: TIME, 1: BATCH}, (33, 9, 3)),
}


def output_and_gradients(module: nn.Module, x: Tensor) -> dict[str, Tensor]:
    output = module(x)
    states = output[0] if isinstance(output, tuple) else output
    parameters = dict(module.named_parameters())
    gradients = torch.autograd.grad(states.square().sum(), list(parameters.values()))
    return {"output": states.detach(), **dict(zip(parameters, gradients, strict=True))}


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5 * value.abs().max().item(), msg=name)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("strict", [False, True])
def test_an_exported_program_takes_any_batch_and_length_and_can_be_trained(name: str, strict: bool) -> None:
    make, shape, dynamic, other = PROGRAMS[name]
    module = make()
    program = export(copy.deepcopy(module), (torch.randn(shape),), dynamic_shapes=(dynamic,), strict=strict).module()
    for x in (torch.randn(shape), torch.randn(other)):
        assert_same(output_and_gradients(program, x), output_and_gradients(module, x))


def test_a_program_with_megabytes_of_states() -> None:
    rnn, x = SpectralRNN(3, 128), torch.randn(100, 128, 3)
    torch.testing.assert_close(export(rnn, (x,)).module()(x)[0], rnn(x)[0])


# A warning of PyTorch 2.11 about its own buffers.
@pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning")
def test_a_saved_program() -> None:
    rnn, x, buffer = SpectralRNN(3, 8, activation="modrelu"), torch.randn(4, 2, 3), io.BytesIO()
    torch.export.save(export(rnn, (x,)), buffer)
    buffer.seek(0)
    torch.testing.assert_close(torch.export.load(buffer).module()(x)[0], rnn(x)[0])


def test_what_was_exported_without_gradients_says_so_when_it_is_trained() -> None:
    rnn, x = SpectralRNN(3, 8), torch.randn(4, 2, 3)
    with torch.no_grad():
        program = export(rnn, (x,))
    with pytest.raises(RuntimeError, match="without gradients"):
        program.module()(x)[0].sum().backward()


@pytest.mark.parametrize(
    "module", [SVDLinear(3, 4), Activated(SVDLinear(3, 4, m1=1, m2=1)), Activated(svd_parametrize(nn.Linear(3, 4)))]
)
def test_traced_by_fx(module: nn.Module) -> None:
    traced = torch.fx.symbolic_trace(module)
    for x in (torch.randn(2, 3), torch.randn(1000, 3)):
        assert torch.equal(traced(x), module(x))


def test_a_recurrence_is_a_leaf_to_fx() -> None:
    network, x = Network(), torch.randn(2, 5, 3)
    traced = torch.fx.symbolic_trace(network)
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == ["rnn"]
    assert torch.equal(traced(x), network(x))


@pytest.mark.parametrize("bias", [True, False])
def test_the_linear_layer_of_the_same_matrix(bias: bool) -> None:
    layer = SVDLinear(7, 5, bias, r=0.3, dtype=torch.float64).eval()
    linear, x = layer.to_linear(), torch.randn(9, 7, dtype=torch.float64)
    assert type(linear) is nn.Linear
    assert not linear.training
    assert linear.weight.requires_grad
    torch.testing.assert_close(linear(x), layer(x))
    back = SVDLinear.from_linear(linear)
    torch.testing.assert_close(back(x), layer(x))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "tanh"},
        {"activation": "relu", "bias": False},
        {"activation": "leaky_relu", "leak": 0.3, "batch_first": True},
        {"activation": "identity"},
        {"activation": "tanh", "bidirectional": True},
        {"activation": "leaky_relu", "leak": 0.3, "batch_first": True, "bidirectional": True},
    ],
)
def test_the_torch_rnn_that_computes_the_same(options: dict[str, Any]) -> None:
    rnn = SpectralRNN(3, 6, 3, r=0.5, dtype=torch.float64, learn_h0=True, **options)
    for name, parameter in rnn.named_parameters():
        if name.endswith(".bias"):
            nn.init.normal_(parameter)
    twin = rnn.to_rnn()
    assert type(twin) is (TwoSidedRNN if options["activation"] in ("leaky_relu", "identity") else nn.RNN)
    batch, rows = (8 if "batch_first" in options else 5), (6 if "bidirectional" in options else 3)
    x, h0 = torch.randn(8, 5, 3, dtype=torch.float64), torch.randn(rows, batch, 6, dtype=torch.float64)
    for arguments in ((x,), (x, h0), (x[0],)):
        for found, expected in zip(twin(*arguments), rnn(*arguments), strict=True):
            torch.testing.assert_close(found, expected)


def test_the_torch_rnn_has_the_leak_to_the_last_digit() -> None:
    rnn, x = SpectralRNN(3, 6, leak=0.3, dtype=torch.float64), torch.randn(8, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(rnn.to_rnn()(x)[0], rnn(x)[0], rtol=1e-13, atol=1e-13)


def test_what_torch_rnn_cannot_compute_is_refused() -> None:
    with pytest.raises(ValueError, match="activation 'modrelu'"):
        SpectralRNN(3, 6, activation="modrelu").to_rnn()
    rnn = SpectralRNN(3, 6, learn_h0=True)
    nn.init.ones_(rnn.stack.layers[0].h0)
    with pytest.raises(ValueError, match="no initial state of its own"):
        rnn.to_rnn()

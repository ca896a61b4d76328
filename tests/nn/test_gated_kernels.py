"""The LSTM and GRU kernels compute what the plain loops compute, and what PyTorch's own layers compute."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses import FakeTensorMode

from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels import buffers, reference
from spectral_bench.nn.kernels.gated_by_cudnn import gru_by_pytorch, leaves_to_cudnn, lstm_by_pytorch
from spectral_bench.nn.kernels.gru import gru
from spectral_bench.nn.kernels.lstm import lstm

KERNELS = {"lstm": (lstm, reference.reference_lstm), "gru": (gru, reference.reference_gru)}


def leaf(*shape: int) -> Tensor:
    return (torch.randn(*shape, dtype=torch.float64)).requires_grad_()


def arguments(cell: str, t: int, b: int, d: int, n: int) -> list[Tensor]:
    if cell == "lstm":
        return [leaf(t, b, d), leaf(b, n), leaf(b, n), leaf(4 * n, d), leaf(4 * n, n), leaf(4 * n)]
    return [leaf(t, b, d), leaf(b, n), leaf(3 * n, d), leaf(3 * n, n), leaf(3 * n), leaf(n)]


def results(function, leaves: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    """Outputs, gradient norms and gradients."""
    trace = GradientTrace()
    outputs = function(*leaves, trace, 2)
    loss = sum((output * weight).sum() for output, weight in zip(outputs, weights, strict=True))
    gradients = torch.autograd.grad(loss, leaves)
    return [*(output.detach() for output in outputs), trace.norms[2], *gradients]


@pytest.mark.parametrize("cell", KERNELS)
def test_gradients_pass_gradcheck(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "_CHUNK_ELEMENTS", 1)
    monkeypatch.setattr(buffers, "_CHUNK_ROWS", 9)
    assert torch.autograd.gradcheck(KERNELS[cell][0], arguments(cell, 7, 3, 2, 4), check_undefined_grad=True)


@pytest.mark.parametrize("cell", KERNELS)
@given(t=st.integers(1, 12), b=st.integers(1, 5), d=st.integers(1, 4), n=st.integers(1, 9), seed=st.integers(0, 2**20))
@settings(max_examples=30)
def test_any_shape_agrees_with_the_plain_loop(cell: str, t: int, b: int, d: int, n: int, seed: int) -> None:
    torch.manual_seed(seed)
    leaves, (kernel, plain) = arguments(cell, t, b, d, n), KERNELS[cell]
    weights = [torch.randn_like(output) for output in plain(*leaves)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffers, "_CHUNK_ELEMENTS", 1)
        patch.setattr(buffers, "_CHUNK_ROWS", 8)
        actual = results(kernel, leaves, weights)
    for a, e in zip(actual, results(plain, leaves, weights), strict=True):
        torch.testing.assert_close(a, e, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("cell", KERNELS)
@given(t=st.integers(1, 12), b=st.integers(1, 5), d=st.integers(1, 4), n=st.integers(1, 9), seed=st.integers(0, 2**20))
@settings(max_examples=20)
def test_pytorchs_own_recurrences_compute_the_same(cell: str, t: int, b: int, d: int, n: int, seed: int) -> None:
    torch.manual_seed(seed)
    leaves = arguments(cell, t, b, d, n)
    theirs = {"lstm": lstm_by_pytorch, "gru": gru_by_pytorch}[cell](*leaves)
    ours = KERNELS[cell][0](*leaves)
    weights = [torch.randn_like(output) for output in ours]
    torch.testing.assert_close(theirs, ours, rtol=1e-9, atol=1e-9)
    gradients = [torch.autograd.grad(outputs, leaves, weights) for outputs in (theirs, ours)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)


@pytest.fixture
def gpu_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be cuDNN's on a GPU runs here, by PyTorch's own recurrences on a CPU."""
    monkeypatch.setattr(torch.backends.cudnn, "is_acceptable", lambda _: True)


@pytest.mark.parametrize("layer_type", [LSTMLayer, GRULayer])
def test_autocast_leaves_them_in_the_precision_of_their_parameters(
    layer_type: type[LSTMLayer | GRULayer], gpu_cannot_be_told: None
) -> None:
    layer, x = layer_type(3, 5), torch.randn(6, 4, 3)
    expected = layer(x.bfloat16().float())[0]
    with torch.autocast("cpu", torch.bfloat16):
        states = layer(x.bfloat16())[0]
    torch.testing.assert_close(states, expected)


def test_a_trace_a_transformation_and_a_watching_mode_are_ours(gpu_cannot_be_told: None) -> None:
    bias = torch.zeros(20)
    assert leaves_to_cudnn(bias, None)
    assert not leaves_to_cudnn(bias, GradientTrace())
    asked = []
    torch.func.vmap(lambda row: asked.append(leaves_to_cudnn(row, None)) or row)(bias.view(4, 5))
    with FakeTensorMode():
        asked.append(leaves_to_cudnn(bias, None))
    assert asked == [False, False]


def test_the_trace_of_an_lstm_is_of_h_and_c_as_variables_of_their_own() -> None:
    x, h0, c0, *weights = arguments("lstm", 6, 3, 2, 4)
    on_states, on_last_cell = torch.randn(6, 3, 4).double(), torch.randn(3, 4).double()
    trace = GradientTrace()
    states, _, cell = lstm(x, h0, c0, *weights, trace)
    ((on_states * states).sum() + (on_last_cell * cell).sum()).backward()
    for t in range(7):
        with torch.no_grad():
            start = lstm(x[:t], h0, c0, *weights)[1:] if t else (h0, c0)
        h, c = (part.detach().requires_grad_() for part in start)
        loss = (on_states[t - 1] * h).sum() if t else torch.zeros(()).double()
        if t < 6:
            rest, _, last = reference.reference_lstm(x[t:], h, c, *weights)
            loss = loss + (on_states[t:] * rest).sum() + (on_last_cell * last).sum()
        else:
            loss = loss + (on_last_cell * c).sum()
        gradients = torch.autograd.grad(loss, (h, c))
        torch.testing.assert_close(trace.norms[0][t], torch.cat(gradients, dim=1).norm(dim=1))


def reordered(weight: Tensor, order: str, torch_order: str) -> Tensor:
    """Rows in PyTorch's order of gates."""
    gates = dict(zip(order, weight.detach().chunk(len(order)), strict=True))
    return torch.cat([gates[gate] for gate in torch_order])


def test_lstm_agrees_with_torch() -> None:
    ours, theirs = LSTMLayer(3, 5).double(), torch.nn.LSTM(3, 5).double()
    theirs.load_state_dict(
        {
            "weight_ih_l0": reordered(ours.input_weight, "oifg", "ifgo"),
            "weight_hh_l0": reordered(ours.hidden_weight, "oifg", "ifgo"),
            "bias_ih_l0": reordered(ours.bias, "oifg", "ifgo"),
            "bias_hh_l0": torch.zeros(20, dtype=torch.float64),
        }
    )
    x, h0, c0 = (torch.randn(*shape, dtype=torch.float64) for shape in ((11, 4, 3), (4, 5), (4, 5)))
    states, (h, c) = ours(x, (h0, c0))
    expected, (expected_h, expected_c) = theirs(x, (h0[None], c0[None]))
    torch.testing.assert_close(states, expected)
    torch.testing.assert_close(h, expected_h[0])
    torch.testing.assert_close(c, expected_c[0])


def test_gru_agrees_with_torch() -> None:
    ours, theirs = GRULayer(3, 5).double(), torch.nn.GRU(3, 5).double()
    torch.nn.init.normal_(ours.candidate_bias)
    zeros = torch.zeros(10, dtype=torch.float64)
    theirs.load_state_dict(
        {
            "weight_ih_l0": ours.input_weight.detach(),
            "weight_hh_l0": ours.hidden_weight.detach(),
            "bias_ih_l0": ours.bias.detach(),
            "bias_hh_l0": torch.cat((zeros, ours.candidate_bias.detach())),
        }
    )
    x, h0 = torch.randn(11, 4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    states, (h,) = ours(x, (h0,))
    expected, expected_h = theirs(x, h0[None])
    torch.testing.assert_close(states, expected)
    torch.testing.assert_close(h, expected_h[0])


def test_lstm_survives_an_output_gate_that_has_vanished() -> None:
    leaves = arguments("lstm", 4, 2, 3, 5)
    with torch.no_grad():
        leaves = [value.float() for value in leaves]
        leaves[5][:5] = -200.0
    leaves = [value.requires_grad_() for value in leaves]
    weights = [torch.ones(4, 2, 5), torch.ones(2, 5), torch.ones(2, 5)]
    for a, e in zip(results(lstm, leaves, weights), results(reference.reference_lstm, leaves, weights), strict=True):
        torch.testing.assert_close(a, e)


@pytest.mark.parametrize("layer", [LSTMLayer, GRULayer])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-6, 1e-20])
def test_tiny_inputs_keep_their_relative_precision(layer: type[LSTMLayer | GRULayer], scale: float) -> None:
    single = layer(1, 4)
    double = copy.deepcopy(single).double()
    x = torch.randn(20, 4, 1) * scale
    found, expected = single(x)[0], double(x.double())[0]
    found.sum().backward()
    expected.sum().backward()
    assert (found - expected).norm() <= 2e-6 * expected.norm()
    for name, parameter in double.named_parameters():
        error = single.get_parameter(name).grad.double() - parameter.grad
        assert error.norm() <= 2e-6 * parameter.grad.norm(), name

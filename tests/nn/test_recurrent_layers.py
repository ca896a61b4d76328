"""What every recurrent layer promises besides the right numbers: edges, types, what is refused, and what it costs."""

import pytest
import torch
from torch import Tensor

from spectral_bench.nn.activations import ActivationName, Tanh, build_activation
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.operators import LowRank, Operator
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.transitions import DenseTransition, SVDTransition

Layer = RecurrentLayer | LSTMLayer | GRULayer


class LowRankTransition(SVDTransition):
    """In low-rank form at every size."""

    def operator(self, batch_size: int) -> Operator:
        return LowRank(*self.matrix.low_rank())


def make(kind: str, d: int = 3, n: int = 6, *, learn_h0: bool = False) -> Layer:
    match kind:
        case "lstm":
            return LSTMLayer(d, n, learn_h0=learn_h0)
        case "gru":
            return GRULayer(d, n, learn_h0=learn_h0)
        case "dense":
            return RecurrentLayer(d, DenseTransition(n), build_activation("tanh", n), learn_h0=learn_h0)
    return RecurrentLayer(d, LowRankTransition(n, 2, 1, r=0.1), build_activation("leaky_relu", n), learn_h0=learn_h0)


KINDS = ["dense", "low rank", "lstm", "gru"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def gradients(layer: Layer, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(layer.parameters()), allow_unused=True))


@every_kind
def test_a_loss_on_the_last_state_is_the_same_through_either_output(kind: str) -> None:
    layer, x = make(kind), torch.randn(9, 4, 3)
    states, state = layer(x)
    through_states = gradients(layer, states[-1].square().sum())
    _, state = layer(x)
    for a, b in zip(gradients(layer, state[0].square().sum()), through_states, strict=True):
        torch.testing.assert_close(a, b)


@every_kind
def test_inputs_laid_out_batch_first_give_the_same_numbers(kind: str) -> None:
    layer, batch_first = make(kind), torch.randn(4, 9, 3, requires_grad=True)
    x = batch_first.detach().transpose(0, 1).contiguous().requires_grad_()
    expected = torch.autograd.grad(layer(x)[0].square().sum(), x)[0]
    actual = torch.autograd.grad(layer(batch_first.transpose(0, 1))[0].square().sum(), batch_first)[0]
    torch.testing.assert_close(actual.transpose(0, 1), expected)


@every_kind
def test_frozen_parameters_get_no_gradient_and_change_no_other(kind: str) -> None:
    layer, x = make(kind), torch.randn(5, 4, 3)
    layer(x)[0].sum().backward()
    expected = {name: parameter.grad for name, parameter in layer.named_parameters()}
    for frozen in expected:
        layer.zero_grad()
        for name, parameter in layer.named_parameters():
            parameter.requires_grad_(name != frozen)
        layer(x)[0].sum().backward()
        for name, parameter in layer.named_parameters():
            if name == frozen:
                assert parameter.grad is None
            else:
                torch.testing.assert_close(parameter.grad, expected[name])


@every_kind
def test_the_state_carries_a_sequence_over_a_cut(kind: str) -> None:
    layer, x = make(kind), torch.randn(10, 4, 3)
    whole, final = layer(x)
    first, state = layer(x[:6])
    second, resumed = layer(x[6:], state)
    torch.testing.assert_close(torch.cat((first, second)), whole)
    for a, b in zip(resumed, final, strict=True):
        torch.testing.assert_close(a, b)


@every_kind
def test_gradients_flow_through_a_carried_state(kind: str) -> None:
    layer, x = make(kind).double(), torch.randn(10, 4, 3, dtype=torch.float64)  # a cut changes the order of the sums
    expected = gradients(layer, layer(x)[1][0].square().sum())
    _, state = layer(x[:6])
    actual = gradients(layer, layer(x[6:], state)[1][0].square().sum())
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b)


@every_kind
def test_a_learned_initial_state_gets_its_gradient(kind: str) -> None:
    layer = make(kind, learn_h0=True)
    layer(torch.randn(3, 4, 3))[0].sum().backward()
    assert layer.h0 is not None
    assert layer.h0.grad is not None
    assert layer.h0.grad.abs().sum() > 0


@every_kind
def test_without_gradients_the_states_are_the_same_and_nothing_is_kept(kind: str) -> None:
    layer, x = make(kind), torch.randn(9, 4, 3)
    with torch.no_grad():
        states, _ = layer(x)
    assert states.grad_fn is None
    torch.testing.assert_close(states, layer(x)[0].detach())


@every_kind
def test_a_second_derivative_is_refused(kind: str) -> None:
    layer, x = make(kind), torch.randn(4, 2, 3, requires_grad=True)
    for loss in (layer(x)[0].square().sum(), layer(x)[0].sum(), layer(x)[1][0].sum()):
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        with pytest.raises(RuntimeError, match="can be differentiated once"):
            gradient.sum().backward()


@every_kind
def test_an_empty_batch_has_empty_states(kind: str) -> None:
    layer, x = make(kind), torch.randn(4, 0, 3, requires_grad=True)
    states, final = layer(x)
    assert states.shape[:2] == (4, 0)
    (states.sum() + final[0].sum()).backward()
    assert x.grad is not None


@every_kind
def test_states_changed_in_place_are_noticed(kind: str) -> None:
    layer = make(kind)
    states, _ = layer(torch.randn(4, 2, 3))
    states.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        states.sum().backward()


@every_kind
def test_bad_inputs_are_refused_by_name(kind: str) -> None:
    layer = make(kind)
    with pytest.raises(ValueError, match=r"inputs must have shape \(T, B, D\) with T >= 1, got \(0, 4, 3\)"):
        layer(torch.randn(0, 4, 3))
    with pytest.raises(ValueError, match="input_weight must have shape"):
        layer(torch.randn(5, 4, 2))
    with pytest.raises(ValueError, match=r"h0 must have shape \(4, 6\), got \(1, 6\)"):
        layer(torch.randn(5, 4, 3), (torch.zeros(1, 6), torch.zeros(4, 6))[: 2 if kind == "lstm" else 1])
    with pytest.raises(ValueError, match=r"float32, but the inputs are torch\.float64"):
        layer(torch.randn(5, 4, 3, dtype=torch.float64))


@every_kind
def test_autocast_leaves_the_recurrence_in_the_precision_of_its_parameters(kind: str) -> None:
    layer, x = make(kind), torch.randn(5, 4, 3)
    expected = layer(x.bfloat16().float())[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states, _ = layer(x.bfloat16())
        states.sum().backward()
    torch.testing.assert_close(states, expected)


@every_kind
def test_two_forwards_before_a_backward_do_not_disturb_each_other(kind: str) -> None:
    layer, x, y = make(kind), torch.randn(7, 4, 3), torch.randn(7, 4, 3)
    expected = gradients(layer, layer(x)[0].square().sum())
    states, _ = layer(x)
    layer(y)[0].square().sum().backward()
    for a, b in zip(gradients(layer, states.square().sum()), expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("activation", ActivationName)
def test_the_length_of_a_chunk_changes_nothing(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = RecurrentLayer(3, LowRankTransition(6, 2, 1, r=0.1), build_activation(activation, 6)).double()
    x = torch.randn(23, 4, 3, dtype=torch.float64)

    def run() -> tuple[list[Tensor], Tensor]:
        trace = GradientTrace()
        result = gradients(layer, layer(x, trace=trace)[0].square().sum())
        return result, trace.norms[0]

    expected, expected_norms = run()
    monkeypatch.setattr(buffers, "_CHUNK_ELEMENTS", 1)
    monkeypatch.setattr(buffers, "_CHUNK_ROWS", 1)
    actual, norms = run()
    torch.testing.assert_close(norms, expected_norms)
    for a, b in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_memory_grows_by_little_more_than_the_states() -> None:
    """Of everything a forward pass allocates, only the states (and h L) are as long as the sequence."""
    layer = RecurrentLayer(1, LowRankTransition(64, 2, 2, r=0.1), build_activation("relu", 64))
    x = torch.randn(400, 32, 1)
    kept: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        layer(x)
    sequence = 400 * 32
    assert sum(kept) < sequence * (1 + 64 + 4) * 1.1


@pytest.mark.parametrize(("name", "leak"), [("swish", 0.1), ("leaky_relu", -0.1), ("leaky_relu", 1.5)])
def test_an_unknown_activation_or_leak_is_refused(name: str, leak: float) -> None:
    with pytest.raises(ValueError, match=name if name == "swish" else str(leak)):
        build_activation(name, 4, leak)


def test_the_starts_of_the_input_weights() -> None:
    layer = RecurrentLayer(
        400, DenseTransition(300), build_activation("relu", 300), input_start="normal", input_scale=0.01
    )
    assert layer.input_weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert (layer.bias == 0.0).all()
    layer = RecurrentLayer(400, DenseTransition(300), build_activation("relu", 300), input_scale=2.0)
    assert layer.input_weight.abs().max().item() == pytest.approx(2 * (6 / 700) ** 0.5, rel=0.01)
    with pytest.raises(ValueError, match="unknown input_start 'gaussian'"):
        RecurrentLayer(4, DenseTransition(3), build_activation("relu", 3), input_start="gaussian")


def test_the_forget_gate_starts_open() -> None:
    layer = LSTMLayer(2, 5, forget_bias=1.5)
    gates = dict(zip(layer.gates, layer.bias.chunk(4), strict=True))
    assert (gates["f"] == 1.5).all()
    assert all((gates[name] == 0).all() for name in "oig")
    for matrix in layer.recurrent_matrices().values():
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(5))


@every_kind
def test_layers_without_units_or_features_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="input_size must be a whole number, 1 or more, got 0"):
        make(kind, d=0)
    with pytest.raises(ValueError, match="of size 0" if kind == "low rank" else "hidden_size must be a whole number"):
        make(kind, n=0)


@every_kind
def test_a_state_dict_holds_all_there_is(kind: str) -> None:
    layer = make(kind)
    copy = make(kind)
    copy.load_state_dict(layer.state_dict())
    x = torch.randn(5, 4, 3)
    torch.testing.assert_close(copy(x)[0], layer(x)[0])


def test_uniform_input_weights_fill_their_interval() -> None:
    layer = RecurrentLayer(
        400, DenseTransition(300), build_activation("relu", 300), input_start="uniform", input_scale=0.01
    )
    weights = layer.input_weight.detach()
    assert 0.0099 < weights.abs().max() <= 0.01
    assert weights.std().item() == pytest.approx(0.01 / 3**0.5, rel=0.02)


def test_an_activation_of_ones_own_has_a_name_of_its_own() -> None:
    with pytest.raises(TypeError, match="Louder needs a `name` of its own"):

        class Louder(Tanh):
            def apply_(self, x: torch.Tensor) -> None:
                x.mul_(2.0).tanh_()

import copy
import io
import re
from typing import Any

import pytest
import torch
from torch import nn

from spectral_bench.linalg import singular_values, svd_weight
from spectral_bench.nn import GradientTrace, SpectralRNN
from spectral_bench.nn.init import init_matrix

T, B, D, N = 7, 5, 3, 8


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("with_h0", [True, False])
@pytest.mark.parametrize("batched", [True, False])
def test_shapes_are_those_of_torch_rnn(num_layers: int, batch_first: bool, with_h0: bool, batched: bool) -> None:
    ours = SpectralRNN(D, N, num_layers, batch_first=batch_first)
    theirs = nn.RNN(D, N, num_layers, batch_first=batch_first)
    x = torch.randn(T, D) if not batched else torch.randn(B, T, D) if batch_first else torch.randn(T, B, D)
    h0 = torch.randn(num_layers, B, N) if batched else torch.randn(num_layers, N)
    found = ours(x, h0) if with_h0 else ours(x)
    expected = theirs(x, h0) if with_h0 else theirs(x)
    assert [part.shape for part in found] == [part.shape for part in expected]


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_values_are_those_of_torch_rnn_with_the_same_weights(num_layers: int, batch_first: bool, bias: bool) -> None:
    torch.manual_seed(0)
    shared = {"bias": bias, "batch_first": batch_first, "dtype": torch.float64}
    ours = SpectralRNN(D, N, num_layers, r=0.5, activation="tanh", start="random", **shared)
    theirs = nn.RNN(D, N, num_layers, **shared)
    with torch.no_grad():
        for index, layer in enumerate(ours.stack.layers):
            layer.input_weight.normal_()
            getattr(theirs, f"weight_ih_l{index}").copy_(layer.input_weight)
            getattr(theirs, f"weight_hh_l{index}").copy_(layer.transition.weight())
            if bias:
                getattr(theirs, f"bias_ih_l{index}").copy_(layer.bias.normal_())
                getattr(theirs, f"bias_hh_l{index}").zero_()
    x, h0 = torch.randn(B, T, D, dtype=torch.float64), torch.randn(num_layers, B, N, dtype=torch.float64)
    x = x if batch_first else x.transpose(0, 1)
    for found, expected in zip(ours(x, h0), theirs(x, h0), strict=True):
        torch.testing.assert_close(found, expected)


def test_without_a_bias_there_is_no_such_parameter_and_the_rest_learns() -> None:
    rnn = SpectralRNN(D, N, 2, bias=False)
    assert rnn.bias is False
    assert not [name for name in rnn.state_dict() if "bias" in name]
    rnn(torch.randn(T, B, D))[0].square().sum().backward()
    assert all(parameter.grad is not None for parameter in rnn.parameters())


def test_an_empty_batch_is_what_it_is_to_torch_rnn() -> None:
    ours, theirs = SpectralRNN(D, N, 2)(torch.ones(T, 0, D)), nn.RNN(D, N, 2)(torch.ones(T, 0, D))
    assert [part.shape for part in ours] == [part.shape for part in theirs]


def test_code_that_flattens_the_parameters_of_torch_rnn_runs() -> None:
    rnn = SpectralRNN(D, N, 2)
    x = torch.randn(T, B, D)
    before = rnn(x)[0]
    rnn.flatten_parameters()
    assert torch.equal(rnn(x)[0], before)


def test_dropout_without_a_second_layer_is_warned_of() -> None:
    for kind in (SpectralRNN, nn.RNN):
        with pytest.warns(UserWarning, match=r"dropout"):
            kind(D, N, dropout=0.5)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"nonlinearity": "tanh"}, "no argument 'nonlinearity': it is called activation here"),
        ({"proj_size": 4}, "no argument 'proj_size': states are not projected"),
        ({"hiden_size": 4}, "no argument 'hiden_size'"),
    ],
)
def test_arguments_of_torch_rnn_that_are_not_here_are_refused(argument: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        SpectralRNN(D, N, **argument)


def test_what_follows_the_number_of_layers_is_not_taken_by_position() -> None:
    """The fourth argument of torch.nn.RNN is its nonlinearity."""
    with pytest.raises(TypeError, match="positional"):
        SpectralRNN(D, N, 1, "tanh")


def test_the_printed_network_says_what_it_was_made_with() -> None:
    printed = repr(SpectralRNN(D, N, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True))
    assert "3, 8, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True" in printed


def test_one_sequence_is_a_batch_of_one() -> None:
    rnn = SpectralRNN(D, N, 2)
    x, h0 = torch.randn(T, D), torch.randn(2, N)
    output, h_n = rnn(x, h0)
    batch_output, batch_h_n = rnn(x.unsqueeze(1), h0.unsqueeze(1))
    torch.testing.assert_close(output, batch_output.squeeze(1))
    torch.testing.assert_close(h_n, batch_h_n.squeeze(1))


def test_the_recurrent_matrix_changes_when_the_network_learns() -> None:
    """A parametrized ``torch.nn.RNN`` goes on with its old matrix (pytorch#65688)."""
    torch.manual_seed(0)
    rnn = SpectralRNN(D, N, m1=4, m2=4, r=0.1, input_scale=1.0)
    x = torch.randn(T, B, D)
    before, outputs = rnn.stack.layers[0].transition.weight().detach().clone(), rnn(x)[0].detach()
    optimizer = torch.optim.Adam(rnn.stack.layers[0].transition.parameters(), lr=0.05)
    for _ in range(10):
        optimizer.zero_grad()
        rnn(x)[1].square().sum().backward()
        optimizer.step()
        rnn.constrain_()
    assert (rnn.stack.layers[0].transition.weight() - before).abs().max() > 0.1
    assert (rnn(x)[0] - outputs).abs().max() > 0.01
    assert rnn.in_radius()
    assert 0.0 < rnn.spectral_margin() <= 0.1 + 1e-6


@pytest.mark.parametrize("map_name", ["sigmoid", "clip"])
def test_trained_without_being_constrained_it_keeps_its_bound(map_name: str) -> None:
    torch.manual_seed(0)
    rnn, target = SpectralRNN(D, N, 2, m1=N, m2=N, r=0.1, map=map_name), torch.randn(T, B, N)
    optimizer = torch.optim.Adam(rnn.parameters(), lr=0.05)
    x = torch.randn(T, B, D)
    for _ in range(200):
        optimizer.zero_grad()
        (rnn(x)[0] - target).square().mean().backward()
        optimizer.step()
    matrix = rnn.stack.layers[0].transition.matrix
    assert matrix.u.norm(dim=1).max() > 1.5  # nobody brought it back
    assert rnn.spectral_margin() > 0.05
    assert rnn.in_radius(1e-5)


def test_with_u_equal_to_v_it_starts_as_the_identity() -> None:
    for layer in SpectralRNN(D, 32, 2, start="identity").stack.layers:
        torch.testing.assert_close(layer.transition.weight(), torch.eye(32), rtol=0, atol=1e-5)


@pytest.mark.parametrize("start", ["identity", "orthogonal", "henaff", "cayley", "glorot"])
def test_it_starts_from_the_matrix_of_that_name(start: str) -> None:
    torch.manual_seed(1)
    expected = init_matrix(start, N)
    torch.manual_seed(1)
    rnn = SpectralRNN(D, N, m1=N, m2=N, r=3.0, start=start)
    torch.testing.assert_close(rnn.stack.layers[0].transition.weight(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_starts_from_the_matrix_of_a_trained_layer(dtype: torch.dtype) -> None:
    trained = nn.RNN(D, N).weight_hh_l0.detach()
    rnn = SpectralRNN(D, N, 2, r=3.0, start=trained.to(dtype))
    rnn(torch.ones(T, B, D))
    for layer in rnn.stack.layers:
        torch.testing.assert_close(layer.transition.weight(), trained, rtol=0, atol=1e-5)


def test_gradients_over_time_are_traced() -> None:
    rnn, trace = SpectralRNN(D, N, 2), GradientTrace()
    rnn(torch.randn(T, B, D), trace=trace)[1].square().sum().backward()
    assert {layer: norms.shape for layer, norms in trace.norms.items()} == {0: (T + 1, B), 1: (T + 1, B)}


def test_the_golden_recurrence_and_its_gradient_norms(golden_recurrence: dict[str, torch.Tensor]) -> None:
    case = golden_recurrence
    rnn = SpectralRNN(2, 12, m1=3, m2=4, r=case["r"].item(), leak=case["leak"].item(), dtype=torch.float64)
    (layer,) = rnn.stack.layers
    matrix = layer.transition.matrix
    with torch.no_grad():
        for parameter, key in (
            (matrix.u, "u"),
            (matrix.v, "v"),
            (matrix.raw, "p"),
            (layer.input_weight, "m"),
            (layer.bias, "b"),
        ):
            parameter.copy_(case[key])
    torch.testing.assert_close(
        layer.transition.weight(), svd_weight(case["u"], case["v"], singular_values(case["p"], case["r"].item()))
    )
    trace = GradientTrace()
    states, h_n = rnn(case["x"], trace=trace)
    torch.testing.assert_close(states, case["states"][1:], rtol=0, atol=1e-10)
    h_n.square().sum().backward()
    torch.testing.assert_close(trace.norms[0].mean(dim=1), case["gradient_norms"], rtol=0, atol=1e-10)


def test_state_dict_and_deep_copy() -> None:
    source, target = (SpectralRNN(D, N, 2, learn_h0=True, start="random") for _ in range(2))
    x = torch.randn(T, B, D)
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(target(x)[0], source(x)[0])
    assert torch.equal(copy.deepcopy(source)(x)[0], source(x)[0])


# The compiler itself looks at .grad of what passes the gap it leaves.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_compiled_around_the_recurrence() -> None:
    """The loop over 500 time steps is left alone: unrolled, it would take many minutes to compile."""
    rnn = SpectralRNN(D, N, 2)
    x = torch.randn(500, B, D)
    compiled = torch.compile(rnn, backend="aot_eager")
    torch.testing.assert_close(compiled(x)[0], rnn(x)[0])
    compiled(x)[0].sum().backward()
    assert all(parameter.grad is not None for parameter in rnn.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_the_recurrence_keeps_its_precision(dtype: torch.dtype) -> None:
    rnn = SpectralRNN(D, N, 2)
    x = torch.randn(T, B, D)
    with torch.autocast("cpu", dtype=dtype):
        output, _ = rnn(x)
    torch.testing.assert_close(output, rnn(x)[0])


def test_parameters_in_half_precision_are_refused() -> None:
    with pytest.raises(ValueError, match=r"raw must be float32 or float64, got torch\.bfloat16"):
        SpectralRNN(D, N).bfloat16()(torch.randn(T, B, D, dtype=torch.bfloat16))


def test_the_penalty_sums_over_the_layers_what_the_transitions_add_to_a_loss() -> None:
    rnn = SpectralRNN(D, N, 2, map="free", centre=0.5, penalty=3.0)
    with torch.no_grad():
        for layer, value in zip(rnn.stack.layers, (0.1, -0.2), strict=True):
            layer.transition.matrix.raw.fill_(value)
    assert rnn.penalty().item() == pytest.approx(3.0 * N * (0.1**2 + 0.2**2))
    assert rnn.penalty().item() == pytest.approx(
        sum(layer.transition.matrix.penalty().item() for layer in rnn.stack.layers)
    )
    rnn.penalty().backward()
    assert all(layer.transition.matrix.raw.grad.any() for layer in rnn.stack.layers)


def test_sigma_of_every_layer() -> None:
    torch.testing.assert_close(SpectralRNN(D, N, 2, r=0.3).sigma(), torch.ones(2, N))
    torch.testing.assert_close(SpectralRNN(D, N, 2, r=0.3, centre=0.5).sigma(), torch.full((2, N), 0.5))


@pytest.mark.parametrize(
    ("x", "h0", "message"),
    [
        (torch.ones(D), None, r"2 or 3 axes, the last of size 3, got \(3,\)"),
        (torch.ones(T, B, D + 1), None, r"got \(7, 5, 4\)"),
        (torch.ones(1, T, B, D), None, r"got \(1, 7, 5, 3\)"),
        (torch.ones(T, B, D), torch.ones(1, 1, N), r"hx of shape \(1, 5, 8\), got \(1, 1, 8\)"),
        (torch.ones(T, B, D), torch.ones(B, N), r"hx of shape \(1, 5, 8\), got \(5, 8\)"),
        (torch.ones(T, B, D), (torch.ones(1, B, N),) * 2, r"hx of shape \(1, 5, 8\), got tuple"),
        (torch.ones(T, B, D), torch.ones(2, B, N), r"hx of shape \(1, 5, 8\), got \(2, 5, 8\)"),
        (torch.ones(0, B, D), None, r"T >= 1, got \(0, 5, 3\)"),
        (torch.ones(T, D), torch.ones(1, 1, N), r"hx of shape \(1, 8\), got \(1, 1, 8\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x: torch.Tensor, h0: torch.Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralRNN(D, N)(x, h0)


def test_an_input_of_another_precision_is_refused_by_that_of_the_parameters() -> None:
    with pytest.raises(ValueError, match=r"parameters are torch\.float32, but the input is torch\.float64"):
        SpectralRNN(D, N)(torch.ones(T, B, D).double())
    with pytest.raises(ValueError, match=r"h0 is torch\.float64, but the inputs are torch\.float32"):
        SpectralRNN(D, N)(torch.ones(T, B, D), torch.zeros(1, B, N).double())


def test_questions_about_parameters_of_no_matrix_are_refused_in_every_layer() -> None:
    rnn = SpectralRNN(D, N, 2)
    with torch.no_grad():
        rnn.stack.layers[1].transition.matrix.v[0, 1] = float("nan")
    for question in (rnn.spectral_margin, rnn.in_radius):
        with pytest.raises(ValueError, match=r"v must be finite, but v\[0, 1\] = nan"):
            question()


@pytest.mark.parametrize(
    "name", ["transition.matrix.v", "transition.matrix.raw", "input_weight", "bias", "h0", "activation.bias"]
)
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_parameters_that_are_not_finite_are_refused_by_their_layer(name: str, value: str) -> None:
    rnn = SpectralRNN(D, N, 2, activation="modrelu", learn_h0=True)
    parameter = rnn.get_parameter(f"stack.layers.1.{name}")
    place = (0, 2) if parameter.ndim == 2 else (2,)
    with torch.no_grad():
        parameter[place] = float(value)
    with pytest.raises(ValueError, match=re.escape(f"stack.layers.1.{name}{list(place)} = {value}")):
        rnn(torch.ones(T, B, D))


def test_what_is_neither_a_tensor_nor_packed_is_refused() -> None:
    with pytest.raises(TypeError, match=r"takes a tensor or packed sequences, got list"):
        SpectralRNN(D, N)([torch.ones(T, D)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": 0}, "input_size must be a whole number, 1 or more, got 0"),
        ({"hidden_size": -1}, "hidden_size must be a whole number, 1 or more, got -1"),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number, 1 or more, got 2.5"),
        ({"dtype": torch.float16}, "dtype must be float32 or float64, got torch.float16"),
        ({"num_layers": 0}, "num_layers must be a whole number, 1 or more, got 0"),
        ({"num_layers": 1.0}, "num_layers must be a whole number, 1 or more, got 1.0"),
        ({"m1": 9}, "m1 = 9 reflectors of size 8"),
        ({"r": -0.1}, "got -0.1"),
        ({"activation": "swish"}, "unknown activation 'swish'"),
        ({"leak": 2.0}, "got 2.0"),
        ({"start": "zeros"}, "unknown start 'zeros'"),
        ({"dropout": 1.5, "num_layers": 2}, "got 1.5"),
        ({"dropout": True, "num_layers": 2}, "got True"),
        ({"dropout": "0.5", "num_layers": 2}, "got '0.5'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralRNN(**{"input_size": D, "hidden_size": N} | arguments)


def test_the_margin_is_measured_from_the_centre() -> None:
    rnn = SpectralRNN(3, 8, num_layers=2, centre=0.5, r=0.1)
    assert rnn.spectral_margin() == 0.0
    with torch.no_grad():
        rnn.stack.layers[1].transition.matrix.raw.fill_(-50.0)
    assert rnn.spectral_margin() == pytest.approx(0.1)


@pytest.mark.parametrize(
    "argument", [{"batch_first": "False"}, {"bias": "False"}, {"batch_first": 1}, {"bidirectional": "False"}]
)
def test_text_is_no_flag(argument: dict[str, Any]) -> None:
    (value,) = argument.values()
    with pytest.raises(TypeError, match=f"must be True or False, got {value!r}"):
        SpectralRNN(D, N, **argument)


def test_arguments_have_the_names_that_torch_rnn_gives_them() -> None:
    x, h0 = torch.randn(T, B, D), torch.randn(1, B, N)
    rnn = SpectralRNN(D, N)
    assert torch.equal(rnn(input=x, hx=h0)[0], rnn(x, h0)[0])
    nn.RNN(D, N)(input=x, hx=h0)


@pytest.mark.parametrize("kind", [SpectralRNN, nn.RNN])
def test_dropout_can_be_read_and_set(kind: type[nn.Module]) -> None:
    rnn = kind(D, N, 2)
    x = torch.randn(T, B, D)
    assert rnn.dropout == 0.0
    assert torch.equal(rnn(x)[0], rnn(x)[0])
    rnn.dropout = 0.5
    assert not torch.equal(rnn(x)[0], rnn(x)[0])
    assert torch.equal(rnn.eval()(x)[0], rnn(x)[0])


@pytest.mark.parametrize("kind", [SpectralRNN, nn.RNN])
def test_a_dropout_of_one_leaves_the_next_layer_nothing(kind: type[nn.Module]) -> None:
    rnn = kind(D, N, 2, dropout=1.0)
    first, second = (rnn(torch.randn(T, B, D))[0] for _ in range(2))
    assert torch.equal(first, second)


def test_a_dropout_that_is_no_probability_cannot_be_set() -> None:
    rnn = SpectralRNN(D, N, 2)
    with pytest.raises(ValueError, match=r"got -0\.5"):
        rnn.dropout = -0.5
    assert rnn.dropout == 0.0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dtype": torch.float64, "learn_h0": True, "activation": "modrelu"},
        {"start": "orthogonal", "m1": N, "m2": N, "bias": False},
        {"start": 1.005 * torch.eye(N)},
    ],
)
def test_reset_it_is_as_new(options: dict[str, Any]) -> None:
    torch.manual_seed(3)
    new, used = SpectralRNN(D, N, 2, **options), SpectralRNN(D, N, 2, **options)
    with torch.no_grad():
        for parameter in used.parameters():
            parameter.normal_()
    torch.manual_seed(3)
    used.reset_parameters()
    for key, value in new.state_dict().items():
        assert torch.equal(used.state_dict()[key], value), key

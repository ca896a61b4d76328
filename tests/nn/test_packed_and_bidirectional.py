"""Packed sequences and both directions: what ``torch.nn.RNN`` makes of the same weights, in values and gradients."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence

from spectral_bench.nn import GradientTrace, SpectralRNN

D, N = 3, 6

LENGTHS: list[list[int]] = [[1], [1, 1, 1], [4, 4, 4], [5, 3, 3, 1], [2, 6, 1, 4, 6], [1, 7]]


def network(num_layers: int = 1, **options: Any) -> SpectralRNN:
    torch.manual_seed(0)
    rnn = SpectralRNN(D, options.pop("hidden_size", N), num_layers, r=0.5, dtype=torch.float64, **options)
    for name, parameter in rnn.named_parameters():
        if name.endswith(("bias", "raw")):
            nn.init.normal_(parameter)
    return rnn


def pack(lengths: Sequence[int], rows: Tensor) -> PackedSequence:
    return pack_sequence(list(rows.split(list(lengths))), enforce_sorted=list(lengths) == sorted(lengths, reverse=True))


def loss(output: Tensor | PackedSequence, h_n: Tensor) -> Tensor:
    data = output.data if isinstance(output, PackedSequence) else output
    weights = torch.linspace(-1, 1, data.numel(), dtype=data.dtype).reshape(data.shape)
    return (weights * data.square()).sum() + h_n.sin().sum()


def gradients(rnn: nn.Module, packed: Any, *leaves: Tensor, hx: Tensor | None) -> list[Tensor]:
    """Output rows, h_n, and the gradients of the leaves."""
    output, h_n = rnn(packed, hx)
    rows = output.data if isinstance(output, PackedSequence) else output
    found = torch.autograd.grad(loss(output, h_n), [*leaves, *([] if hx is None else [hx])])
    return [rows.detach(), h_n.detach(), *found]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("with_hx", [False, True])
def test_packed_sequences_are_those_of_torch_rnn(
    lengths: list[int], bidirectional: bool, num_layers: int, with_hx: bool
) -> None:
    for options in ({"activation": "tanh"}, {"activation": "relu", "bias": False}, {"leak": 0.3, "batch_first": True}):
        rnn = network(num_layers, bidirectional=bidirectional, **options)
        twin = rnn.to_rnn()
        rows = torch.randn(sum(lengths), D, dtype=torch.float64, requires_grad=True)
        shape = (num_layers * (1 + bidirectional), len(lengths), N)
        hx = torch.randn(shape, dtype=torch.float64, requires_grad=True) if with_hx else None
        output, expected_output = (module(pack(lengths, rows))[0] for module in (rnn, twin))
        for found, expected in zip(output[1:], expected_output[1:], strict=True):
            assert (found is None) == (expected is None)
            assert found is None or torch.equal(found, expected)
        results = [gradients(module, pack(lengths, rows), rows, hx=hx) for module in (rnn, twin)]
        for found, expected in zip(*results, strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("lengths", [[5, 3, 3, 1], [2, 6, 1, 4, 6], None], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("hidden_size", [6, 300])
def test_gradients_of_the_weights_are_those_of_torch_rnn(
    lengths: list[int] | None, bidirectional: bool, hidden_size: int
) -> None:
    """300 units run in low-rank form."""
    few = {} if hidden_size == N else {"m1": 1, "m2": 1}
    rnn = network(2, bidirectional=bidirectional, activation="tanh", hidden_size=hidden_size, **few)
    twin = rnn.to_rnn()
    x = (
        torch.randn(7, 4, D, dtype=torch.float64)
        if lengths is None
        else pack(lengths, torch.randn(sum(lengths), D).double())
    )
    for module in (rnn, twin):
        loss(*module(x)).backward()
    names = [f"l{index}{end}" for index in range(2) for end in ("", "_reverse")[: 1 + bidirectional]]
    for layer, name in zip(rnn._recurrences, names, strict=True):
        torch.testing.assert_close(layer.input_weight.grad, twin.get_parameter(f"weight_ih_{name}").grad)
        torch.testing.assert_close(layer.bias.grad, twin.get_parameter(f"bias_ih_{name}").grad)
        parameters = list(layer.transition.parameters())
        of_matrix = twin.get_parameter(f"weight_hh_{name}").grad
        expected = torch.autograd.grad(layer.transition.weight(), parameters, of_matrix)
        for parameter, gradient in zip(parameters, expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_sequence_is_what_it_is_alone_with_its_traces(bidirectional: bool) -> None:
    rnn, lengths = network(2, bidirectional=bidirectional, learn_h0=True), [2, 6, 1, 4, 6]
    nn.init.normal_(rnn._recurrences[0].h0)
    sequences = [torch.randn(length, D, dtype=torch.float64, requires_grad=True) for length in lengths]
    trace = GradientTrace()
    output, h_n = rnn(pack_sequence(sequences, enforce_sorted=False), trace=trace)
    padded, found_lengths = pad_packed_sequence(output)
    assert found_lengths.tolist() == lengths
    (padded.square().sum() + h_n.sin().sum()).backward()
    together = [parameter.grad.clone() for parameter in rnn.parameters()]
    rnn.zero_grad()
    for place, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        gradient, alone = sequence.grad.clone(), GradientTrace()
        states, last = rnn(sequence, trace=alone)
        (states.square().sum() + last.sin().sum()).backward()
        torch.testing.assert_close(padded[:length, place], states)
        torch.testing.assert_close(h_n[:, place], last)
        torch.testing.assert_close(gradient, sequence.grad - gradient)
        assert trace.norms.keys() == alone.norms.keys() == set(range(2 * (1 + bidirectional)))
        for index, norms in alone.norms.items():
            torch.testing.assert_close(trace.norms[index][: length + 1, place], norms[:, 0])
            assert not trace.norms[index][length + 1 :, place].any()
    for gradient, parameter in zip(together, rnn.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


@pytest.mark.parametrize("batch_first", [True, False])
def test_nothing_that_pads_reaches_anything(batch_first: bool) -> None:
    rnn = network(2, bidirectional=True)
    lengths = torch.tensor([2, 5, 3])
    x = torch.randn(3, 5, D, dtype=torch.float64)
    padding = torch.arange(5) >= lengths.unsqueeze(1)
    x[padding] = torch.nan
    x = (x if batch_first else x.transpose(0, 1)).contiguous().requires_grad_()
    output, h_n = rnn(pack_padded_sequence(x, lengths, batch_first=batch_first, enforce_sorted=False))
    loss(output, h_n).backward()
    assert all(parameter.grad.isfinite().all() for parameter in rnn.parameters())
    gradient = x.grad if batch_first else x.grad.transpose(0, 1)
    assert (gradient[padding] == 0).all()
    assert gradient[~padding].all()


def test_sequences_of_one_length_are_a_batch() -> None:
    rnn, x = network(2, bidirectional=True), torch.randn(7, 4, D, dtype=torch.float64)
    output, h_n = rnn(pack_padded_sequence(x, [7] * 4))
    states, last = rnn(x)
    assert torch.equal(output.data, states.flatten(0, 1))
    assert torch.equal(h_n, last)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_both_directions_have_the_shapes_and_values_of_torch_rnn(batched: bool, batch_first: bool) -> None:
    rnn = network(2, bidirectional=True, batch_first=batch_first)
    x = torch.randn(*((5, 7) if batched else (7,)), D, dtype=torch.float64)
    hx = torch.randn(4, *([5 if batch_first else 7] if batched else []), N, dtype=torch.float64)
    for found, expected in zip(rnn(x, hx), rnn.to_rnn()(x, hx), strict=True):
        torch.testing.assert_close(found, expected)


def test_gradients_pass_gradcheck() -> None:
    rnn, lengths = network(2, bidirectional=True, m1=2, m2=2), [2, 4, 1]
    rows, hx = torch.randn(7, D).double().requires_grad_(), torch.randn(4, 3, N).double().requires_grad_()
    names = [name for name, _ in rnn.named_parameters()]

    def run(rows: Tensor, hx: Tensor, *values: Tensor) -> tuple[Tensor, Tensor]:
        arguments = (pack(lengths, rows), hx)
        output, h_n = torch.func.functional_call(rnn, dict(zip(names, values, strict=True)), arguments)
        return output.data, h_n

    assert torch.autograd.gradcheck(run, (rows, hx, *rnn.parameters()))


def test_dropout_acts_between_the_layers_of_both_directions() -> None:
    rnn = network(2, bidirectional=True, dropout=1.0, bias=False)
    packed = pack([3, 2], torch.randn(5, D, dtype=torch.float64))
    assert not rnn(packed)[0].data.any()
    assert rnn.eval()(packed)[0].data.all()


def test_every_direction_is_constrained_checked_saved_and_started_anew() -> None:
    rnn = network(2, bidirectional=True)
    assert rnn.sigma().shape == (4, N)
    expected = (rnn.sigma() - 1).abs().max().item()
    assert rnn.spectral_margin() == pytest.approx(expected)
    assert rnn.in_radius()
    twin = network(2, bidirectional=True)
    twin.load_state_dict(rnn.state_dict())
    x = torch.randn(4, 2, D, dtype=torch.float64)
    assert torch.equal(twin(x)[0], rnn(x)[0])
    for layer in rnn._recurrences:
        with torch.no_grad():
            layer.transition.matrix.v.mul_(3.0)
    torch.testing.assert_close(rnn(x)[0], twin(x)[0])
    rnn.constrain_()
    for layer in rnn._recurrences:
        torch.testing.assert_close(layer.transition.matrix.v.norm(dim=1), torch.ones(N, dtype=torch.float64))
    torch.manual_seed(5)
    rnn.reset_parameters()
    torch.manual_seed(5)
    new = SpectralRNN(D, N, 2, r=0.5, dtype=torch.float64, bidirectional=True)
    assert all(torch.equal(rnn.state_dict()[key], value) for key, value in new.state_dict().items())
    with torch.no_grad():
        rnn._recurrences[3].transition.matrix.raw[2] = torch.nan
    with pytest.raises(ValueError, match=r"layers\.1\.directions\.1\.transition\.matrix\.raw\[2\] = nan"):
        rnn(x)


@pytest.mark.parametrize(
    ("rows", "hx", "message"),
    [
        (torch.ones(5, D + 1), None, r"packed rows of 3 features, got shape \(5, 4\)"),
        (torch.ones(5, D, 2), None, r"packed rows of 3 features, got shape \(5, 3, 2\)"),
        (torch.ones(5, D), torch.ones(2, 3, N), r"hx of shape \(2, 2, 6\), got \(2, 3, 6\)"),
        (torch.ones(5, D), torch.ones(1, 2, N), r"hx of shape \(2, 2, 6\), got \(1, 2, 6\)"),
        (
            torch.ones(5, D, dtype=torch.float64),
            None,
            r"parameters are torch\.float32, but the input is torch\.float64",
        ),
    ],
)
def test_packed_sequences_that_do_not_fit_are_refused(rows: Tensor, hx: Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralRNN(D, N, bidirectional=True)(pack([3, 2], rows), hx)


# The compiler itself looks at .grad of what passes the gap it leaves.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_packed_sequences_within_a_compiled_function() -> None:
    rnn = network(2, bidirectional=True)
    packed = pack([4, 2, 1], torch.randn(7, D, dtype=torch.float64))

    def step() -> Tensor:
        rnn.zero_grad()
        output, h_n = rnn(packed)
        loss(output, h_n).backward()
        return output.data

    expected, weights = step(), [parameter.grad.clone() for parameter in rnn.parameters()]
    torch.testing.assert_close(torch.compile(step, backend="aot_eager")(), expected)
    for parameter, gradient in zip(rnn.parameters(), weights, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_padded_sequences_are_unpacked_where_they_were() -> None:
    """``enforce_sorted=False`` sorts, and nobody notices."""
    rnn = network()
    sequences = [torch.randn(length, D, dtype=torch.float64) for length in (2, 5, 3)]
    packed = pack_padded_sequence(pad_sequence(sequences), torch.tensor([2, 5, 3]), enforce_sorted=False)
    output, _ = pad_packed_sequence(rnn(packed)[0])
    for place, sequence in enumerate(sequences):
        torch.testing.assert_close(output[: len(sequence), place], rnn(sequence)[0])

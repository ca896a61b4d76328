"""The recurrence kernel computes what the plain loop computes, gradients and gradient norms included."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectral_bench.nn.activations import Activation, ActivationName, build_activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels import buffers, reference
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator
from spectral_bench.nn.kernels.recurrence import recurrence


def leaf(*shape: int, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
    return (scale * torch.randn(*shape, dtype=dtype)).requires_grad_()


def make_operator(form: str, n: int, rank: int, dtype: torch.dtype = torch.float64) -> Operator:
    if form == "dense":
        return Dense(leaf(n, n, scale=n**-0.5, dtype=dtype))
    return LowRank(leaf(n, dtype=dtype), leaf(n, rank, scale=n**-0.5, dtype=dtype), leaf(rank, n, dtype=dtype))


def make_activation(name: str, n: int, dtype: torch.dtype = torch.float64) -> Activation:
    activation = build_activation(name, n, leak=0.1).to(dtype)
    if activation.bias is not None:
        torch.nn.init.normal_(activation.bias, std=0.3)
    return activation


def arguments(t: int, b: int, d: int, n: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    return leaf(t, b, d, dtype=dtype), leaf(b, n, dtype=dtype), leaf(n, d, dtype=dtype), leaf(n, dtype=dtype)


def results(function, tensors, operator, activation, weights) -> dict[str, Tensor]:
    """Outputs, gradients and gradient norms of one forward and backward pass."""
    trace = GradientTrace()
    states, last = function(*tensors, operator, activation, trace, 3)
    loss = (states * weights[0]).sum() + (last * weights[1]).sum()
    leaves = [*tensors, *operator, *activation.parameters()]
    gradients = torch.autograd.grad(loss, leaves)
    named = {f"gradient {i} of shape {tuple(g.shape)}": g for i, g in enumerate(gradients)}
    return {"states": states.detach(), "last": last.detach(), "norms": trace.norms[3]} | named


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor], **tolerances: float) -> None:
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(actual[name], value, msg=lambda text, name=name: f"{name}: {text}", **tolerances)


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few steps, so that short sequences cross their borders."""
    monkeypatch.setattr(buffers, "_CHUNK_ELEMENTS", 1)
    monkeypatch.setattr(buffers, "_CHUNK_ROWS", 9)


@pytest.mark.parametrize("form", ["dense", "low rank"])
@pytest.mark.parametrize("activation", ActivationName)
def test_gradients_pass_gradcheck(form: str, activation: str, short_chunks: None) -> None:
    torch.manual_seed(1)
    tensors, operator = arguments(7, 3, 2, 5), make_operator(form, 5, 2)
    function = make_activation(activation, 5)
    leaves = [*tensors, *operator, *function.parameters()]

    def run(*leaves: Tensor) -> tuple[Tensor, Tensor]:
        return recurrence(*leaves[:4], type(operator)(*leaves[4 : 4 + len(operator)]), function)

    assert torch.autograd.gradcheck(run, leaves, check_undefined_grad=True)


@given(
    t=st.integers(1, 12),
    b=st.integers(1, 5),
    d=st.integers(1, 10),
    n=st.integers(1, 9),
    rank=st.integers(0, 10),
    form=st.sampled_from(["dense", "low rank"]),
    activation=st.sampled_from(list(ActivationName)),
    seed=st.integers(0, 2**20),
)
@settings(max_examples=60)
def test_any_shape_agrees_with_the_plain_loop(
    t: int, b: int, d: int, n: int, rank: int, form: str, activation: str, seed: int
) -> None:
    torch.manual_seed(seed)
    tensors, operator, function = arguments(t, b, d, n), make_operator(form, n, rank), make_activation(activation, n)
    weights = torch.randn(t, b, n, dtype=torch.float64), torch.randn(b, n, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffers, "_CHUNK_ELEMENTS", 1)
        patch.setattr(buffers, "_CHUNK_ROWS", 8)
        actual = results(recurrence, tensors, operator, function, weights)
    assert_same(
        actual, results(reference.reference_recurrence, tensors, operator, function, weights), rtol=1e-9, atol=1e-9
    )

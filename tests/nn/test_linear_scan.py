"""The scan of a linear recurrence is its loop: in values, gradients and traced norms."""

from math import sqrt

import pytest
import torch
from torch import Tensor

from spectral_bench.nn import GradientTrace, scan
from spectral_bench.nn.kernels import linear_scan as subject
from spectral_bench.nn.kernels.linear_scan import linear_scan

B, N = 3, 4
LENGTHS = [1, 2, 3, 4, 7, 16, 23, 37]


def loop(decay: Tensor, driven: Tensor, x0: Tensor, trace: GradientTrace) -> tuple[Tensor, Tensor]:
    """One step after the other, differentiated by autograd."""
    times = torch.arange(len(driven)).unsqueeze(1)

    def step(time: Tensor, x: Tensor) -> Tensor:
        a = decay if decay.ndim == 1 else decay[time.item()]
        return a * x + driven[time.item()]

    return scan(step, times, x0, trace)


def problem(length: int, *, varies: bool, dtype: torch.dtype) -> list[Tensor]:
    torch.manual_seed(length)
    shapes = [(length, B, N) if varies else (N,), (length, B, N), (B, N)]
    return [(torch.randn(*shape, dtype=dtype) * 0.9).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("read", ["all", "last", "both"])
def test_it_is_the_loop(length: int, varies: bool, dtype: torch.dtype, read: str) -> None:
    compare(length, varies=varies, dtype=dtype, read=read)


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_in_one_piece_it_is_the_loop(
    length: int, varies: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "_ENOUGH", 1)
    for read in ("all", "last", "both"):
        compare(length, varies=varies, dtype=dtype, read=read)


def compare(length: int, *, varies: bool, dtype: torch.dtype, read: str) -> None:
    tensors = problem(length, varies=varies, dtype=dtype)
    target = torch.randn(length, B, N, dtype=dtype)
    found = []
    for run in (loop, linear_scan):
        trace = GradientTrace()
        states, last = run(*tensors, trace)
        loss = torch.zeros(()).double()
        if read != "last":
            loss = loss + (states * target).real.sin().sum()
        if read != "all":
            loss = loss + (last.abs() ** 2).sum()
        gradients = torch.autograd.grad(loss, tensors)
        found.append((states.detach(), last.detach(), *gradients, trace.norms[0]))
    for by_loop, by_scan in zip(*found, strict=True):
        torch.testing.assert_close(by_scan, by_loop, rtol=1e-9, atol=1e-12)
    assert found[1][-1].shape == (length + 1, B)


def test_gradients_are_those_of_finite_differences() -> None:
    for dtype in (torch.float64, torch.complex128):
        for varies in (False, True):
            assert torch.autograd.gradcheck(linear_scan, problem(11, varies=varies, dtype=dtype))


def test_a_decay_of_zero_forgets_everything_and_one_nothing() -> None:
    driven = torch.randn(10, B, N).double()
    x0 = torch.randn(B, N).double()
    assert torch.equal(linear_scan(torch.zeros(N).double(), driven, x0)[0], driven)
    torch.testing.assert_close(linear_scan(torch.ones(N).double(), driven, x0)[0], x0 + driven.cumsum(0))


def test_a_norm_that_has_all_but_vanished_keeps_its_digits_over_a_long_sequence() -> None:
    """In single precision; where 1e-45 is reached it is zero, and nothing is NaN."""
    length = 400
    decay = torch.full((N,), 0.8, requires_grad=True)
    trace = GradientTrace()
    _, last = linear_scan(decay, torch.zeros(length, B, N), torch.ones(B, N), trace)
    last.sum().backward()
    expected = torch.tensor([0.8 ** (length - t) * sqrt(N) for t in range(length + 1)])
    torch.testing.assert_close(trace.norms[0][:, 0], expected, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize(
    ("decay", "x0", "message"),
    [
        (torch.ones(3), torch.zeros(B, N), r"decay must have shape \(4,\)"),
        (torch.ones(4, B, N), torch.zeros(B, N), r"decay must have shape \(5, 3, 4\)"),
        (torch.ones(N), torch.zeros(1, N), "x0 must have shape"),
        (torch.ones(N, dtype=torch.complex64), torch.zeros(B, N), "decay is torch.complex64"),
    ],
)
def test_what_does_not_fit_is_refused(decay: Tensor, x0: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        linear_scan(decay, torch.zeros(5, B, N), x0)
    with pytest.raises(ValueError, match="T >= 1"):
        linear_scan(torch.ones(N), torch.zeros(0, B, N), torch.zeros(B, N))

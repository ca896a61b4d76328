"""The time loop for authors: values, gradients and traces of a recurrence written as one step."""

import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn import DenseTransition, GradientTrace, RecurrentLayer, build_activation, scan

T, B, D, N = 6, 4, 3, 5


def test_a_plain_step_is_the_recurrent_layer_in_values_gradients_and_traced_norms() -> None:
    torch.manual_seed(0)
    layer = RecurrentLayer(D, DenseTransition(N), build_activation("tanh", N)).double()
    x, h0 = torch.randn(T, B, D).double(), torch.randn(B, N).double()
    target = torch.randn(T, B, N).double()

    def by_scan(trace: GradientTrace) -> Tensor:
        def step(x_BD: Tensor, h_BN: Tensor) -> Tensor:
            return torch.tanh(x_BD @ layer.input_weight.T + h_BN @ layer.transition.weight().T + layer.bias)

        return scan(step, x, h0, trace)[0]

    found = []
    for states in (by_scan, lambda trace: layer(x, (h0,), trace)[0]):
        layer.zero_grad()
        trace = GradientTrace()
        outputs = states(trace)
        (outputs * target).sum().backward()
        gradients = [parameter.grad.clone() for parameter in layer.parameters()]
        found.append((outputs.detach(), trace.norms[0], gradients))
    torch.testing.assert_close(found[0], found[1])
    assert found[0][1].shape == (T + 1, B)


def test_the_norm_of_a_state_of_several_parts_counts_all_of_them() -> None:
    """A rotation of (position, velocity) keeps the norm of the pair, and of neither part alone."""
    angle = torch.tensor(0.4).double()

    def rotate(_: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        y, z = state
        return y * angle.cos() - z * angle.sin(), y * angle.sin() + z * angle.cos()

    start = (torch.randn(B, N).double(), torch.randn(B, N).double())
    trace = GradientTrace()
    positions, (y, _) = scan(rotate, torch.zeros(T, B, 1).double(), start, trace)
    assert positions.shape == (T, B, N)
    assert torch.equal(positions[-1], y)
    y.square().sum().backward()
    last = 2 * y.detach().norm(dim=1)
    torch.testing.assert_close(trace.norms[0], last.expand(T + 1, B))


def test_a_complex_gradient_has_the_norm_of_its_real_and_imaginary_part() -> None:
    """h ↦ e^{iθ} h is unitary; seen as a real map of twice the size it gives the same norms."""
    theta = torch.linspace(0.1, 2.0, N).double()
    start = torch.randn(B, N, dtype=torch.complex128)
    target = torch.randn(B, N).double()

    def loss(h: Tensor) -> Tensor:
        return ((h.real - target).square() + h.imag.sin()).sum()

    trace = GradientTrace()
    _, h = scan(lambda _, h_BN: torch.exp(1j * theta) * h_BN, torch.zeros(T, B, 1), start, trace)
    loss(h).backward()
    assert trace.norms[0].dtype == torch.float64

    real, imaginary = start.real.clone().requires_grad_(), start.imag.clone().requires_grad_()
    a, b = real, imaginary
    for _ in range(T):
        a, b = a * theta.cos() - b * theta.sin(), a * theta.sin() + b * theta.cos()
    loss(torch.complex(a, b)).backward()
    assert real.grad is not None
    assert imaginary.grad is not None
    expected = (real.grad.square() + imaginary.grad.square()).sum(dim=1).sqrt()
    torch.testing.assert_close(trace.norms[0][0], expected)
    torch.testing.assert_close(trace.norms[0], expected.expand(T + 1, B))


def test_states_that_the_loss_does_not_reach_have_norm_zero() -> None:
    trace = GradientTrace()
    states, _ = scan(lambda x, h: h + x, torch.randn(T, B, N), torch.zeros(B, N), trace)
    states[1].sum().backward()
    assert (trace.norms[0][:3] > 0).all()
    assert (trace.norms[0][3:] == 0).all()


def test_without_gradients_nothing_is_traced() -> None:
    trace = GradientTrace()
    with torch.no_grad():
        scan(lambda x, h: h + x, torch.randn(T, B, N), torch.zeros(B, N), trace)
    assert trace.norms == {}


def test_a_vanishing_complex_gradient_keeps_its_digits() -> None:
    trace = GradientTrace()
    w = nn.Parameter(torch.full((N,), 1e-5, dtype=torch.complex64))
    _, h = scan(lambda _, h_BN: w * h_BN, torch.zeros(T, B, 1), torch.ones(B, N, dtype=torch.complex64), trace)
    (h.real * 1.0).sum().backward()
    expected = torch.tensor([1e-5 ** (T - t) * N**0.5 for t in range(T + 1)])
    torch.testing.assert_close(trace.norms[0][:, 0], expected, rtol=1e-4, atol=0.0)


def test_a_sequence_without_time_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one time step"):
        scan(lambda x, h: h + x, torch.randn(0, B, N), torch.zeros(B, N))

"""The time loop for authors: values, gradients and traces of a recurrence written as one step."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn import DenseTransition, GradientTrace, RecurrentLayer, build_activation, scan, trace_states

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


Step = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]


def second_order(w: Tensor, v: Tensor) -> Step:
    """h_t from h_{t-1} and h_{t-2}: the new state holds a tensor of the old one."""

    def step(x_BD: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h_BN, previous_BN = state
        return torch.tanh(x_BD + h_BN @ w + previous_BN @ v), h_BN

    return step


def kept_part(w: Tensor, _: Tensor) -> Step:
    """A part that no step changes."""

    def step(x_BD: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h_BN, kept_BN = state
        return torch.tanh(x_BD + h_BN @ w + kept_BN), kept_BN

    return step


def total_derivative(step: Step, x: Tensor, parts: tuple[Tensor, ...], t: int) -> Tensor:
    """‖∂L/∂s_t‖ by starting again from s_t, as if it had been an input."""
    for x_BD in x[:t]:
        parts = step(x_BD, parts)
    begin = tuple(part.detach().clone().requires_grad_() for part in parts)
    current = begin
    for x_BD in x[t:]:
        current = step(x_BD, current)
    gradients = torch.autograd.grad(current[0].square().sum(), begin, allow_unused=True)
    return sum(g.square().sum(dim=1) for g in gradients if g is not None).sqrt()  # type: ignore[union-attr, return-value]


@pytest.mark.parametrize("kind", [second_order, kept_part])
def test_a_state_that_passes_a_tensor_on_has_the_norm_of_its_own_paths(kind: Callable[[Tensor, Tensor], Step]) -> None:
    torch.manual_seed(0)
    step = kind(torch.randn(N, N).double() * 0.4, torch.randn(N, N).double() * 0.3)
    x, zeros = torch.randn(T, B, N).double(), torch.zeros(B, N).double()
    start = (zeros, zeros)  # one tensor for both parts
    trace = GradientTrace()
    states, final = scan(step, x, start, trace)
    assert torch.equal(states, scan(step, x, start)[0])
    final[0].square().sum().backward()
    expected = torch.stack([total_derivative(step, x, start, t) for t in range(T + 1)])
    torch.testing.assert_close(trace.norms[0], expected)


def test_a_step_that_changes_nothing_gives_every_state_the_same_norm() -> None:
    trace = GradientTrace()
    states, _ = scan(lambda _, h: h, torch.randn(T, B, N), torch.zeros(B, N, requires_grad=True), trace)
    states[2].sum().backward()
    torch.testing.assert_close(trace.norms[0][:4], torch.full((4, B), N**0.5))
    assert (trace.norms[0][4:] == 0).all()


def test_an_initial_state_that_is_used_elsewhere_counts_the_paths_through_the_scan_only() -> None:
    h0 = torch.ones(B, N, requires_grad=True)
    trace = GradientTrace()
    _, h = scan(lambda x, h: h + x, torch.zeros(T, B, N), h0, trace)
    (h.sum() + 100.0 * h0.sum()).backward()
    torch.testing.assert_close(trace.norms[0], torch.full((T + 1, B), N**0.5))


def test_a_state_that_is_cut_off_from_the_one_before_has_a_norm_of_its_own() -> None:
    trace = GradientTrace()
    _, h = scan(lambda x, h: (2.0 * h + x).detach(), torch.zeros(T, B, N), torch.ones(B, N), trace)
    h.sum().backward()
    torch.testing.assert_close(trace.norms[0][-1], torch.full((B,), N**0.5))
    assert (trace.norms[0][:-1] == 0).all()


def test_parts_of_different_precision_are_summed_in_the_widest_and_integers_passed_over() -> None:
    start = (torch.zeros(B, N), torch.zeros(B, N).double(), torch.zeros(B, 1, dtype=torch.long), torch.zeros(B))

    def step(x_BD: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h_BN, c_BN, count, scalar_B = state
        return h_BN + x_BD, c_BN + h_BN, count + 1, scalar_B

    trace = GradientTrace()
    states, (_, c, count, scalar) = scan(step, torch.randn(T, B, N), start, trace)
    assert (states.dtype, int(count[0])) == (torch.float32, T)
    (c.sum() + 2.0 * scalar.sum()).backward()
    assert trace.norms[0].dtype == torch.float64
    expected = torch.tensor([(((T - t) ** 2 + 1) * N + 4) ** 0.5 for t in range(T + 1)]).double()
    torch.testing.assert_close(trace.norms[0], expected.unsqueeze(1).expand(-1, B))


def test_under_autocast_norms_are_in_single_precision() -> None:
    torch.manual_seed(0)
    w = nn.Parameter(torch.randn(N, N) * 0.5)
    x = torch.randn(T, B, N)

    def norms(*, autocast: bool) -> Tensor:
        trace = GradientTrace()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            _, h = scan(lambda x, h: torch.tanh(x.to(h.dtype) + h @ w), x, torch.zeros(B, N), trace)
        h.float().sum().backward()
        return trace.norms[0]

    half, single = norms(autocast=True), norms(autocast=False)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, single, rtol=0.1, atol=0.02)


def test_a_second_backward_pass_replaces_the_norms_of_the_first() -> None:
    trace = GradientTrace()
    states, h = scan(lambda x, h: h + x, torch.randn(T, B, N), torch.zeros(B, N), trace)
    h.sum().backward(retain_graph=True)
    first = trace.norms[0].clone()
    h.sum().backward(retain_graph=True)
    assert torch.equal(trace.norms[0], first)
    states[1].sum().backward()
    assert torch.equal(trace.norms[0][:3], first[:3])
    assert (trace.norms[0][3:] == 0).all()


def test_a_step_that_overwrites_its_state_is_refused_when_traced() -> None:
    def step(x_BD: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        h_BN, c_BN = state
        return h_BN + c_BN, c_BN.mul_(2.0) if c_BN.grad_fn else c_BN * 1.0

    start = (torch.zeros(B, N), torch.ones(B, N))
    with pytest.raises(ValueError, match="in place"):
        scan(step, torch.zeros(T, B, 1), start, GradientTrace())


def test_a_list_of_states_with_one_tensor_twice_is_refused() -> None:
    h = torch.ones(B, N, requires_grad=True) * 2.0
    with pytest.raises(ValueError, match=r"state 2 holds a tensor that state 1 holds.*view_as"):
        trace_states(GradientTrace(), 0, [(h * 1.0,), (h,), (h,)])

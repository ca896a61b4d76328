import pytest
import torch

from spectral_bench.nn.gradient_trace import GradientTrace, write_norms
from spectral_bench.nn.models.lem import LEMLayer


@pytest.mark.parametrize("scale", [1e-36, 1e-25, 1e-15, 1.0, 1e15, 1e25, 1e36])
def test_norms_are_right_where_squares_would_underflow_or_overflow(scale: float) -> None:
    gradients = torch.randn(4, 3, 16)
    norms = torch.empty(4, 3)
    write_norms(norms, gradients * scale)
    torch.testing.assert_close(norms.double(), gradients.double().norm(dim=-1) * scale, rtol=1e-5, atol=0.0)


@pytest.mark.parametrize("scale", [1e-36, 1e-25, 1.0, 1e25, 1e36])
def test_the_norm_of_a_state_in_parts_is_that_of_all_of_them(scale: float) -> None:
    parts = torch.randn(3, 16), torch.randn(3, 16)
    norms = torch.empty(3)
    write_norms(norms, *(part * scale for part in parts))
    torch.testing.assert_close(norms.double(), torch.cat(parts, 1).double().norm(dim=1) * scale, rtol=1e-5, atol=0.0)


def test_each_row_is_treated_by_its_own_size() -> None:
    scales = torch.tensor([1e-30, 1.0, 1e30, 0.0])
    norms = torch.empty(4)
    write_norms(norms, torch.ones(4, 9) * scales.unsqueeze(1))
    torch.testing.assert_close(norms, 3.0 * scales, rtol=1e-6, atol=0.0)


def test_a_backward_pass_that_is_differentiated_or_batched_is_traced_as_any_other() -> None:
    layer = LEMLayer(2, 4, dt=0.2).double()
    x = torch.randn(5, 3, 2, dtype=torch.float64, requires_grad=True)

    def traced(**options: bool) -> tuple[torch.Tensor, torch.Tensor]:
        trace = GradientTrace()
        loss = layer(x, None, trace)[0].square().sum()
        direction = torch.ones(2, dtype=torch.float64) if options.get("is_grads_batched") else None
        (gradient,) = torch.autograd.grad(loss, x, direction, **options)
        return gradient, trace.norms[0].clone()

    gradient, norms = traced()
    differentiable, same_norms = traced(create_graph=True)
    torch.testing.assert_close(same_norms, norms, rtol=0.0, atol=0.0)
    differentiable.square().sum().backward()
    assert x.grad is not None
    batched, _ = traced(is_grads_batched=True)
    torch.testing.assert_close(batched, gradient.expand(2, -1, -1, -1))

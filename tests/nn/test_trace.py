import pytest
import torch

from spectral_bench.nn.gradient_trace import write_norms


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

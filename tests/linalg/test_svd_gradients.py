import pytest
import torch
from naive import product, rows, weight
from torch.autograd import gradcheck, gradgradcheck

from spectral_bench.linalg import compact_form, reflect, reflectors_to_matrix, singular_values, svd_low_rank, svd_weight

SIZES = [(3, 2, 6, 6), (5, 5, 5, 5), (3, 2, 7, 4), (2, 4, 4, 7), (1, 0, 1, 1)]


def parameters(m1: int, m2: int, out_size: int, in_size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    raw = torch.randn(min(out_size, in_size), dtype=torch.float64)
    return rows(m1, out_size).requires_grad_(), rows(m2, in_size).requires_grad_(), raw.requires_grad_()


def svd(u: torch.Tensor, v: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
    return svd_weight(u.triu(), v.triu(), singular_values(raw, 0.3))  # differences step below the diagonal too


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gradients_agree_with_autograd_through_the_loop_over_reflectors(sizes: tuple[int, int, int, int]) -> None:
    u, v, raw = parameters(*sizes)
    sigma = singular_values(raw, 0.3)
    target = torch.randn(sizes[2], sizes[3], dtype=torch.float64)
    expected = torch.autograd.grad((weight(u, v, sigma) * target).sum(), (u, v, raw), materialize_grads=True)
    found = torch.autograd.grad((svd(u, v, raw) * target).sum(), (u, v, raw), materialize_grads=True)
    for a, b, name in zip(found, expected, ("u", "v", "raw"), strict=True):
        torch.testing.assert_close(a, b if name == "raw" else b.triu(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_first_and_second_derivatives_of_the_weight(sizes: tuple[int, int, int, int]) -> None:
    inputs = parameters(*sizes)
    assert gradcheck(svd, inputs)
    assert gradgradcheck(svd, inputs)


def test_first_and_second_derivatives_of_a_batch_of_low_rank_factors() -> None:
    u = torch.stack([rows(2, 4, seed=s) for s in range(2)]).requires_grad_()
    v = torch.stack([rows(3, 4, seed=s) for s in range(2)]).requires_grad_()
    sigma = torch.rand(2, 4, dtype=torch.float64, requires_grad=True)

    # The divisor of a row is a constant to autograd. It cancels in the product of the factors, not in each of them.
    def product_of_factors(*inputs: torch.Tensor) -> torch.Tensor:
        diagonal, left, right = svd_low_rank(*inputs, check=False)
        return torch.diag_embed(diagonal) + left @ right

    assert gradcheck(product_of_factors, (u, v, sigma))
    assert gradgradcheck(product_of_factors, (u, v, sigma))


def test_derivatives_of_reflected_vectors() -> None:
    x, a = torch.randn(3, 5, dtype=torch.float64, requires_grad=True), rows(4, 5).requires_grad_()
    assert gradcheck(reflect, (x, a))
    assert gradgradcheck(reflect, (x, a))


def test_the_last_term_of_the_reflector_gradient_is_plus_four() -> None:
    """Appendix of the first preprint prints -2 in its place, which is wrong."""
    u, h, g = (torch.randn(6, dtype=torch.float64) for _ in range(3))
    a = u.clone().requires_grad_()
    (found,) = torch.autograd.grad(reflect(h[None], a[None])[0].dot(g), a)
    square = u.dot(u)
    printed_terms = -2.0 * (u.dot(h) * g + u.dot(g) * h) / square
    last_term = u.dot(h) * u.dot(g) * u / square**2
    torch.testing.assert_close(found, printed_terms + 4.0 * last_term)
    assert not torch.allclose(found, printed_terms - 2.0 * last_term)


def test_the_gradient_is_orthogonal_to_its_reflector() -> None:
    a = rows(4, 9).requires_grad_()
    (gradient,) = torch.autograd.grad((reflectors_to_matrix(a) * torch.randn(9, 9, dtype=torch.float64)).sum(), a)
    torch.testing.assert_close((gradient * a).sum(-1), torch.zeros(4, dtype=torch.float64), rtol=0, atol=1e-12)


def test_entries_below_the_diagonal_get_no_gradient() -> None:
    u, v, sigma = rows(4, 5).requires_grad_(), rows(3, 5).requires_grad_(), torch.ones(5, dtype=torch.float64)
    svd_weight(u, v, sigma).square().mul(torch.arange(25.0).view(5, 5)).sum().backward()
    for parameter in (u, v):
        assert parameter.grad is not None
        assert not parameter.grad.tril(-1).any()
        assert parameter.grad.triu().any()


def test_compact_form_is_the_product() -> None:
    a = rows(3, 5)
    compact = compact_form(a)
    torch.testing.assert_close(torch.eye(5, dtype=torch.float64) - compact.rows.T @ compact.solved, product(a))


def test_the_derivative_of_one_factor_alone_is_not_one() -> None:
    """As ``compact_form`` says: the largest entry of a scaled row is 1 or -1 whatever the parameters."""
    a = rows(1, 5).requires_grad_()
    compact = compact_form(a)
    assert compact.rows.abs().max() == 1.0
    (gradient,) = torch.autograd.grad(compact.rows.abs().max(), a)
    assert gradient.any()

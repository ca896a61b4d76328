import re

import pytest
import torch
from naive import product, rows

from spectral_bench.linalg import compact_form, random_reflectors, reflect, reflectors_to_matrix, unit_rows


@pytest.mark.parametrize("n", [1, 2, 5, 17])
def test_matrix_is_the_product_of_reflections_in_order(n: int) -> None:
    for m in range(n + 1):
        a = rows(m, n)
        torch.testing.assert_close(reflectors_to_matrix(a), product(a), rtol=0, atol=1e-12)


def test_reflecting_vectors_is_multiplying_by_the_matrix_or_its_inverse() -> None:
    a, x = rows(4, 9), torch.randn(6, 9, dtype=torch.float64)
    matrix = product(a)
    torch.testing.assert_close(reflect(x, a), x @ matrix.T)
    torch.testing.assert_close(reflect(x, a, inverse=True), x @ matrix)
    torch.testing.assert_close(reflect(reflect(x, a), a, inverse=True), x)


def test_a_single_vector_is_reflected_as_a_row_of_a_batch_is() -> None:
    a, x = rows(4, 9), torch.randn(9, dtype=torch.float64)
    torch.testing.assert_close(reflect(x, a), product(a) @ x)
    torch.testing.assert_close(reflect(x, a, inverse=True), product(a).T @ x)
    batch, vectors = torch.stack([a, rows(4, 9, seed=1)]), torch.randn(2, 9, dtype=torch.float64)
    torch.testing.assert_close(reflect(vectors, batch)[1], product(batch[1]) @ vectors[1])


def test_leading_axes_are_a_batch_of_independent_products() -> None:
    a = torch.stack([torch.stack([rows(3, 7, seed=3 * i + j) for j in range(3)]) for i in range(2)])
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    matrices, reflected = reflectors_to_matrix(a), reflect(x, a)
    assert matrices.shape == (2, 3, 7, 7)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(matrices[i, j], product(a[i, j]))
            torch.testing.assert_close(reflected[i, j], x[i, j] @ product(a[i, j]).T)


def test_reflectors_need_not_be_triangular() -> None:
    a = torch.randn(5, 6, dtype=torch.float64)
    torch.testing.assert_close(reflectors_to_matrix(a), product(a))


def test_zero_rows_are_the_identity_and_get_no_gradient() -> None:
    a = rows(4, 6)
    a[1] = 0.0
    a.requires_grad_()
    matrix = reflectors_to_matrix(a)
    torch.testing.assert_close(matrix, reflectors_to_matrix(a[[0, 2, 3]]), rtol=0, atol=1e-15)
    (matrix * torch.randn(6, 6, dtype=torch.float64)).sum().backward()
    assert a.grad is not None
    assert a.grad.isfinite().all()
    assert (a.grad[1] == 0).all()
    assert a.grad[0].any()
    assert torch.equal(reflectors_to_matrix(torch.zeros(3, 5)), torch.eye(5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e-3, 1e20, 1e30])
def test_the_norm_of_a_reflector_changes_nothing(scale: float, dtype: torch.dtype) -> None:
    a = rows(5, 8, dtype)
    scales = torch.tensor([1.0, scale, 1.0, scale, 1.0], dtype=dtype).unsqueeze(-1)
    target = torch.randn(8, 8, dtype=dtype)
    plain, scaled = a.clone().requires_grad_(), (a * scales).requires_grad_()
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    for parameter in (plain, scaled):
        (reflectors_to_matrix(parameter) * target).sum().backward()
    torch.testing.assert_close(
        reflectors_to_matrix(scaled), reflectors_to_matrix(plain), rtol=tolerance, atol=tolerance
    )
    assert plain.grad is not None
    assert scaled.grad is not None
    # The derivative of a map that does not see the scale falls as the scale grows.
    torch.testing.assert_close(scaled.grad * scales, plain.grad, rtol=20 * tolerance, atol=20 * tolerance)


def test_products_stay_orthogonal_when_reflectors_are_nearly_parallel() -> None:
    a = torch.ones(32, 64) + 1e-4 * torch.randn(32, 64)
    matrix = reflectors_to_matrix(a)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(64), rtol=0, atol=2e-4)


def test_half_precision_autocast_does_not_touch_the_compact_form() -> None:
    a = rows(6, 12, torch.float32)
    expected = compact_form(a)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = compact_form(a)
    assert found.solved.dtype == torch.float32
    torch.testing.assert_close(found.solved, expected.solved, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_compact_form_in_half_precision_is_refused(dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=f"must be float32 or float64, got {dtype}"):
        compact_form(torch.ones(2, 3, dtype=dtype))


def test_unit_rows_keep_directions_of_any_size_and_zero_rows() -> None:
    a = torch.tensor([[3.0, 4.0], [0.0, 1e-38], [3e38, 3e38], [0.0, 0.0]])
    expected = torch.tensor([[0.6, 0.8], [0.0, 1.0], [0.5**0.5, 0.5**0.5], [0.0, 0.0]])
    torch.testing.assert_close(unit_rows(a), expected)


def test_random_reflectors_are_triangular_of_norm_one() -> None:
    a = random_reflectors(7, 7)
    assert not a.tril(-1).any()
    torch.testing.assert_close(a.norm(dim=1), torch.ones(7))
    with pytest.raises(ValueError, match=r"m = 8 reflectors of size 7"):
        random_reflectors(8, 7)
    with pytest.raises(ValueError, match=r"dtype must be float32 or float64, got torch\.float16"):
        random_reflectors(3, 7, torch.float16)


@pytest.mark.parametrize(
    ("reflectors", "message"),
    [
        (torch.ones(3), r"\(3,\)"),
        (torch.ones(3, 0), r"m = 3 reflectors of size 0"),
        (torch.ones(4, 3), r"m = 4 reflectors of size 3"),
        (torch.ones(2, 3, dtype=torch.float16), "float16"),
        (torch.ones(2, 3, dtype=torch.int64), "int64"),
        (torch.tensor([[1.0, float("nan")]]), r"reflectors\[0, 1\] = nan"),
        (torch.tensor([[float("-inf"), 1.0]]), r"reflectors\[0, 0\] = -inf"),
    ],
)
def test_what_cannot_be_reflectors_is_refused_by_name(reflectors: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reflectors_to_matrix(reflectors)
    with pytest.raises(ValueError, match=message):
        reflect(torch.ones(1, 3), reflectors)


def test_vectors_are_data_and_nan_in_one_stays_there() -> None:
    x = torch.ones(3, 6)
    x[1, 2] = float("nan")
    reflected = reflect(x, random_reflectors(2, 6))
    assert reflected[1].isnan().any()
    assert reflected[[0, 2]].isfinite().all()
    with pytest.raises(ValueError, match="vectors must be a tensor, got list"):
        reflect([1.0] * 6, random_reflectors(2, 6))


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (4, 2, 6)])
def test_vectors_are_never_broadcast(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"do not fit together.* of shape {re.escape(str(shape))} and"):
        reflect(torch.ones(shape), torch.ones(2, 6))

import pytest
import torch
from naive import product, weight

from spectral_bench.linalg import (
    orthogonal_factors,
    reflectors_from_columns,
    reflectors_to_matrix,
    svd_factors,
    svd_weight,
)


def special_matrices() -> dict[str, torch.Tensor]:
    n = 6
    rotation = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    return {
        "identity": torch.eye(n),
        "negative identity": -torch.eye(n),
        "zero": torch.zeros(n, n),
        "permutation": torch.eye(n)[[2, 0, 1, 5, 4, 3]],
        "block rotations": torch.block_diag(rotation, rotation, rotation),
        "rank one": torch.outer(torch.arange(1.0, 7.0), torch.ones(6)),
        "equal singular values": 3.0 * torch.linalg.qr(torch.randn(n, n, dtype=torch.float64)).Q,
        "nearly the identity": torch.eye(n, dtype=torch.float64) + 1e-9 * torch.randn(n, n, dtype=torch.float64),
        "one by one": torch.tensor([[-2.0]]),
        "a row": torch.randn(1, 5),
        "a column": torch.randn(5, 1),
        "badly scaled": torch.logspace(-12, 3, n).unsqueeze(1) * torch.randn(n, n, dtype=torch.float64),
    }


@pytest.mark.parametrize("name", special_matrices())
def test_any_matrix_is_an_svd_form(name: str) -> None:
    matrix = special_matrices()[name].double()
    u, v, sigma = svd_factors(matrix)
    scale = max(1.0, matrix.abs().max().item())
    torch.testing.assert_close(weight(u, v, sigma), matrix, rtol=0, atol=1e-10 * scale)
    torch.testing.assert_close(svd_weight(u, v, sigma), matrix, rtol=0, atol=1e-10 * scale)
    assert (sigma >= 0).all()


@pytest.mark.parametrize("out_size", [1, 2, 3, 8, 33])
@pytest.mark.parametrize("in_size", [1, 2, 3, 8, 33])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)], ids=str)
def test_random_matrices_square_and_rectangular(
    out_size: int, in_size: int, dtype: torch.dtype, tolerance: float
) -> None:
    """Theorems 1, 2 and 4: the parametrization is surjective."""
    matrix = torch.randn(out_size, in_size, dtype=dtype)
    u, v, sigma = svd_factors(matrix)
    k = min(out_size, in_size)
    assert (u.shape, v.shape, sigma.shape) == ((k, out_size), (k, in_size), (k,))
    torch.testing.assert_close(svd_weight(u, v, sigma), matrix, rtol=0, atol=tolerance)
    torch.testing.assert_close(sigma, torch.linalg.svdvals(matrix), rtol=0, atol=tolerance)


def test_a_batch_of_matrices() -> None:
    matrices = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    u, v, sigma = svd_factors(matrices)
    assert u.shape == (2, 3, 4, 5)
    torch.testing.assert_close(svd_weight(u, v, sigma), matrices, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 7, 32])
def test_reflectors_from_columns_give_those_columns(n: int) -> None:
    for k in {1, n // 2, n} - {0}:
        columns = torch.linalg.qr(torch.randn(n, k, dtype=torch.float64)).Q
        torch.testing.assert_close(product(reflectors_from_columns(columns))[:, :k], columns, rtol=0, atol=1e-12)


@pytest.mark.parametrize("angle", [1e-4, 1e-8, 1e-11, 1e-14])
def test_columns_next_to_the_axes_are_reflected_without_cancellation(angle: float) -> None:
    skew = torch.randn(6, 6, dtype=torch.float64)
    columns = torch.linalg.matrix_exp(angle * (skew - skew.T))
    torch.testing.assert_close(product(reflectors_from_columns(columns)), columns, rtol=0, atol=5e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 16])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_n_reflectors_in_any_split_cover_the_orthogonal_matrices(n: int, sign: float) -> None:
    """Theorem 3, on both components of O(n)."""
    matrix = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64)).Q
    matrix[:, 0] *= sign * torch.linalg.det(matrix).sign()
    for m1 in range(n + 1):
        for m2 in {n - m1, n}:
            u, v = orthogonal_factors(matrix, m1, m2)
            assert (u.shape, v.shape) == ((m1, n), (m2, n))
            torch.testing.assert_close(svd_weight(u, v, torch.ones(n, dtype=torch.float64)), matrix, rtol=0, atol=1e-10)


def test_no_more_reflectors_are_used_than_the_matrix_needs() -> None:
    mirror = product(torch.randn(1, 20, dtype=torch.float64))
    for m1, m2 in [(1, 0), (0, 1), (1, 1)]:
        u, v = orthogonal_factors(mirror, m1, m2)
        torch.testing.assert_close(reflectors_to_matrix(u) @ reflectors_to_matrix(v).T, mirror, rtol=0, atol=1e-10)
    for m in range(3):
        assert not any(factor.any() for factor in orthogonal_factors(torch.eye(9), m, m))
    three = product(torch.randn(3, 20, dtype=torch.float64))
    u, v = orthogonal_factors(three, 2, 1)
    torch.testing.assert_close(reflectors_to_matrix(u) @ reflectors_to_matrix(v).T, three, rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match=r"m1 \+ m2 = 2 .* needs 3"):
        orthogonal_factors(three, 1, 1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 2e-6)], ids=str)
@pytest.mark.parametrize(("n", "k"), [(5, 1), (20, 3), (64, 8), (64, 32), (64, 63)])
def test_few_reflectors_are_found_again_in_what_rounding_left_of_their_product(
    n: int, k: int, dtype: torch.dtype, tolerance: float
) -> None:
    """Column by column, rounding grows as 1/‖column − axis‖ each time: (64, 32), triangular, lost all digits."""
    for reflectors in (torch.randn(k, n, dtype=dtype), torch.randn(k, n, dtype=dtype).triu()):
        reflectors[:, 0] *= 0.01
        matrix = reflectors_to_matrix(reflectors)
        for m1 in (0, k // 2, k):
            u, v = orthogonal_factors(matrix, m1, k - m1)
            assert not u.tril(-1).any()
            assert not v.tril(-1).any()
            found = reflectors_to_matrix(u) @ reflectors_to_matrix(v).T
            torch.testing.assert_close(found, matrix, rtol=0, atol=tolerance)


def test_what_counts_as_orthogonal_depends_on_the_precision() -> None:
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[0, 0] += 1e-6
    orthogonal_factors(matrix.float(), 2, 2)
    with pytest.raises(ValueError, match="off 1 by 1e-06"):
        orthogonal_factors(matrix, 2, 2)


def test_float32_matrices_keep_their_precision() -> None:
    matrix = torch.nn.init.orthogonal_(torch.empty(64, 64))
    u, v = orthogonal_factors(matrix, 32, 32)
    assert u.dtype == torch.float32
    torch.testing.assert_close(svd_weight(u, v, torch.ones(64)), matrix, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (torch.ones(3), r"\(3,\)"),
        (torch.ones(0, 3), r"\(0, 3\)"),
        (torch.ones(2, 2, dtype=torch.float16), "float16"),
        (torch.tensor([[1.0, float("nan")]]), r"\[0, 1\] = nan"),
    ],
)
def test_what_is_no_matrix_is_refused(matrix: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        svd_factors(matrix)
    with pytest.raises(ValueError, match=message):
        orthogonal_factors(matrix, 1, 1)


@pytest.mark.parametrize("matrix", [torch.full((4, 4), 5e307, dtype=torch.float64), torch.full((4, 4), 3e38)])
def test_singular_values_beyond_the_precision_are_refused(matrix: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"sigma\[0\] = inf"):
        svd_factors(matrix)


def test_what_is_not_orthogonal_is_refused() -> None:
    with pytest.raises(ValueError, match=r"square, got shape \(2, 3\)"):
        orthogonal_factors(torch.ones(2, 3), 1, 1)
    with pytest.raises(ValueError, match=r"off 1 by 0\.5"):
        orthogonal_factors(1.5 * torch.eye(3), 1, 1)
    with pytest.raises(ValueError, match=r"m2 = 4 reflectors of size 3"):
        orthogonal_factors(torch.eye(3), 1, 4)

import pytest
import torch
from naive import rows, weight

from spectral_bench.linalg import random_reflectors, singular_values, svd_low_rank, svd_weight


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 1e-4)], ids=str)
def test_every_size_and_number_of_reflectors(dtype: torch.dtype, tolerance: float) -> None:
    """n in 1..33, every m1, as many reflectors in V and as many as reach n together."""
    for n in range(1, 34):
        for m1, m2 in [(m, n - m) for m in range(n + 1)] + [(m, m) for m in range(n + 1)]:
            u, v = rows(m1, n, dtype), rows(m2, n, dtype, seed=1)
            sigma = torch.linspace(0.5, 1.5, n, dtype=dtype)
            diagonal, left, right = svd_low_rank(u, v, sigma, check=False)
            weight = svd_weight(u, v, sigma, check=False)
            assert (torch.linalg.svdvals(weight).flip(0) - sigma).abs().max() < tolerance, (n, m1, m2)
            assert (torch.diag(diagonal) + left @ right - weight.T).abs().max() < tolerance, (n, m1, m2)
            # Multiplying W by its inverse V diag(1/sigma) U^T is a check that needs no second implementation.
            inverse = svd_weight(v, u, 1.0 / sigma, check=False)
            assert (weight @ inverse - torch.eye(n, dtype=dtype)).abs().max() < tolerance, (n, m1, m2)


@pytest.mark.parametrize(
    ("m1", "m2", "out_size", "in_size"), [(0, 0, 4, 4), (4, 4, 4, 4), (2, 3, 7, 4), (7, 4, 7, 4), (1, 6, 3, 8)]
)
def test_weight_is_the_definition(m1: int, m2: int, out_size: int, in_size: int) -> None:
    u, v = rows(m1, out_size), rows(m2, in_size, seed=1)
    sigma = torch.randn(min(out_size, in_size), dtype=torch.float64)
    torch.testing.assert_close(svd_weight(u, v, sigma), weight(u, v, sigma))


def test_leading_axes_are_a_batch_of_matrices() -> None:
    u = torch.stack([torch.stack([rows(2, 5, seed=i + 3 * j) for i in range(3)]) for j in range(2)])
    v = torch.stack([torch.stack([rows(3, 4, seed=i + 3 * j) for i in range(3)]) for j in range(2)])
    sigma = torch.randn(2, 3, 4, dtype=torch.float64)
    found = svd_weight(u, v, sigma)
    assert found.shape == (2, 3, 5, 4)
    for j in range(2):
        for i in range(3):
            torch.testing.assert_close(found[j, i], weight(u[j, i], v[j, i], sigma[j, i]))


def test_singular_values_stay_within_the_radius_and_start_at_the_centre() -> None:
    raw = torch.tensor([-1e6, -2.0, 0.0, 2.0, 1e6])
    sigma = singular_values(raw, 0.25, centre=2.0)
    torch.testing.assert_close(sigma, 2 * 0.25 * (torch.sigmoid(raw) - 0.5) + 2.0)
    assert sigma.min() >= 1.75
    assert sigma.max() <= 2.25
    assert torch.equal(singular_values(raw, 0.0), torch.ones(5))


def test_a_radius_above_one_lets_sigma_turn_negative() -> None:
    sigma = singular_values(torch.tensor([-10.0, 0.0, 10.0]), 3.0)
    assert sigma[0] < -1.9
    found = torch.linalg.svdvals(svd_weight(random_reflectors(2, 3), random_reflectors(1, 3), sigma))
    torch.testing.assert_close(found, sigma.abs().sort(descending=True).values)


@pytest.mark.parametrize("r", [-0.1, float("nan"), float("inf")])
def test_a_radius_that_is_none_is_refused(r: float) -> None:
    with pytest.raises(ValueError, match=f"got {r}"):
        singular_values(torch.zeros(3), r)


@pytest.mark.parametrize("centre", [float("nan"), float("inf"), None])
def test_a_centre_that_is_none_is_refused(centre: float | None) -> None:
    with pytest.raises(ValueError, match=f"centre must be a finite number, got {centre}"):
        singular_values(torch.zeros(3), 0.1, centre=centre)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float16])
def test_raw_values_of_another_precision_are_refused(dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=f"raw must be float32 or float64, got {dtype}"):
        singular_values(torch.ones(1, dtype=dtype), 0.1)


def test_raw_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r"raw\[1\] = nan"):
        singular_values(torch.tensor([0.0, float("nan")]), 0.1)


GOOD = {"u": torch.ones(2, 4).triu(), "v": torch.ones(3, 4).triu(), "sigma": torch.ones(4)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"u": torch.ones(5, 4).triu()}, r"m1 = 5 reflectors of size 4"),
        ({"v": torch.ones(5, 4).triu()}, r"m2 = 5 reflectors of size 4"),
        ({"u": torch.ones(2, 4)}, r"u must be upper triangular.*u\[1, 0\] = 1"),
        ({"v": torch.tensor([[1.0, 1, 1, 1], [0, 1, 1, 1], [0, 0.5, 1, 1]])}, r"v\[2, 1\] = 0.5"),
        ({"sigma": torch.ones(3)}, r"\(3,\)"),
        ({"sigma": torch.ones(1)}, r"\(1,\)"),
        ({"sigma": torch.tensor(1.0)}, r"sigma must have at least 1 axes, got shape \(\)"),
        ({"u": torch.ones(4)}, r"u must have at least 2 axes, got shape \(4,\)"),
        ({"u": torch.ones(1, 2, 4).triu()}, r"\(1, 2, 4\)"),
        ({"u": torch.ones(2, 4, dtype=torch.float64).triu()}, r"float64"),
        ({"u": torch.ones(2, 4, dtype=torch.int32).triu()}, r"u must be float32 or float64, got torch.int32"),
        ({"v": torch.ones(3, 4, dtype=torch.bfloat16).triu()}, r"v must be float32 or float64, got torch.bfloat16"),
        ({"u": [[1.0, 1.0, 1.0, 1.0]]}, "u must be a tensor, got list"),
        ({"v": torch.ones(3, 4).triu().numpy()}, "v must be a tensor, got ndarray"),
        ({"u": torch.tensor([[1.0, float("nan"), 1, 1]])}, r"u\[0, 1\] = nan"),
        ({"sigma": torch.tensor([1.0, 1.0, float("inf"), 1.0])}, r"sigma\[2\] = inf"),
    ],
)
def test_parameters_that_make_no_matrix_are_refused_by_value(change: dict[str, torch.Tensor], message: str) -> None:
    for build in (svd_weight, svd_low_rank):
        build(**GOOD)
        with pytest.raises(ValueError, match=message):
            build(**GOOD | change)

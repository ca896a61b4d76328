import math

import pytest
import torch

from spectral_bench.linalg import singular_map
from spectral_bench.nn.init import MatrixInit, init_matrix, rotations
from spectral_bench.nn.kernels import operators
from spectral_bench.nn.kernels.operators import Dense, LowRank
from spectral_bench.nn.transitions import (
    DenseTransition,
    FactorizedTransition,
    HouseholderTransition,
    SVDTransition,
    Transition,
)

ORTHOGONAL = ["random", "identity", "orthogonal", "henaff", "cayley"]


def transitions() -> dict[str, Transition]:
    torch.manual_seed(0)
    return {
        "dense": DenseTransition(24),
        "householder, few": HouseholderTransition(24, 2),
        "householder, all": HouseholderTransition(24, 24),
        "householder, none": HouseholderTransition(24, 0),
        "svd, few": SVDTransition(24, 2, 1, r=0.3, rescale_sigma_lr=True),
        "svd, all": SVDTransition(24, 24, 24, r=0.3),
        "svd, tanh": SVDTransition(24, 5, 4, r=0.3, map="tanh"),
        "svd, sin": SVDTransition(24, 4, 5, r=0.3, map="sin"),
        "svd, only U": SVDTransition(24, 3, 0, r=0.3, map="clip"),
        "svd, diagonal": SVDTransition(24, 0, 0, r=0.3, map="free"),
        "svd, fixed": SVDTransition(24, 3, 3, r=0.3, map="fixed"),
    }


@pytest.mark.parametrize("name", transitions())
def test_the_operator_is_the_weight_in_values_and_gradients(name: str) -> None:
    transition = transitions()[name].double()
    h = torch.randn(5, 24, dtype=torch.float64)
    target = torch.randn(5, 24, dtype=torch.float64)
    results = []
    for product in (lambda: operators.apply(transition.operator(5), h), lambda: h @ transition.weight().T):
        transition.zero_grad()
        found = product()
        if found.requires_grad:
            (found * target).sum().backward()
        results.append([found.detach(), *(p.grad.clone() for p in transition.parameters() if p.grad is not None)])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_few_reflectors_are_applied_in_the_low_rank_form_and_many_in_the_dense_one() -> None:
    assert isinstance(SVDTransition(256, 4, 4, r=0.1).operator(128), LowRank)
    assert isinstance(HouseholderTransition(256, 8).operator(128), LowRank)
    assert isinstance(SVDTransition(64, 64, 64, r=0.1).operator(128), Dense)
    assert isinstance(HouseholderTransition(64, 64).operator(128), Dense)


@pytest.mark.parametrize("start", ORTHOGONAL)
@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_an_svd_transition_starts_as_a_multiple_of_an_orthogonal_matrix(start: str, n: int) -> None:
    for centre in (1.0, 0.5, 0.0):
        weight = SVDTransition(n, n, n, r=0.1, centre=centre, start=start).weight()
        torch.testing.assert_close(weight @ weight.T, centre**2 * torch.eye(n), rtol=0, atol=1e-5)


@pytest.mark.parametrize("start", ORTHOGONAL)
@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_a_householder_transition_is_orthogonal(start: str, n: int) -> None:
    weight = HouseholderTransition(n, n, start=start).weight()
    torch.testing.assert_close(weight @ weight.T, torch.eye(n), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("m1", "m2"), [(4, 4), (5, 3), (8, 2), (6, 0), (0, 4), (12, 12)])
def test_the_identity_starts_from_reflectors_that_cancel_and_all_of_them_learn(m1: int, m2: int) -> None:
    torch.manual_seed(0)
    transition = SVDTransition(12, m1, m2, r=0.1, start="identity").double()
    torch.testing.assert_close(transition.weight(), torch.eye(12).double(), rtol=0, atol=1e-6)
    transition.weight().backward(torch.randn(12, 12, dtype=torch.float64))
    for rows in (transition.matrix.u, transition.matrix.v):
        assert rows.any(dim=1).all()
        # The last of n reflectors has one entry, a sign: nothing to learn.
        assert (rows.grad[: min(len(rows), 11)].norm(dim=1) > 1e-6).all()
    if m1 == m2:
        assert torch.equal(transition.matrix.u, transition.matrix.v)


def test_with_an_odd_number_of_reflectors_the_identity_leaves_one_out() -> None:
    matrix = SVDTransition(12, 4, 3, r=0.1, start="identity").matrix
    torch.testing.assert_close(matrix.weight(), torch.eye(12), rtol=0, atol=1e-5)
    assert [bool(row.any()) for row in matrix.u] == [True, True, True, False]


def test_reflectors_that_an_orthogonal_init_leaves_over_cancel_too() -> None:
    torch.manual_seed(0)
    start = torch.block_diag(rotations(4, 0.5, 1.5), torch.eye(20))
    transition = SVDTransition(24, 5, 7, r=0.1, start=start)
    torch.testing.assert_close(transition.weight(), start, rtol=0, atol=1e-5)
    assert transition.matrix.u.any(dim=1).all()
    assert transition.matrix.v.any(dim=1).all()


def test_any_matrix_can_be_started_from_with_all_reflectors() -> None:
    start = torch.randn(10, 10)
    torch.testing.assert_close(SVDTransition(10, 10, 10, r=10.0, start=start).weight(), start, rtol=0, atol=1e-4)
    start = SVDTransition(10, 10, 10, r=0.1, start="random").weight().detach()
    torch.testing.assert_close(SVDTransition(10, 10, 10, r=0.1, start=start).weight(), start, rtol=0, atol=1e-5)


@pytest.mark.parametrize("noise", [1e-6, 1e-9, 1e-11])
def test_nearly_orthogonal_matrices_keep_the_digits_of_float64(noise: float) -> None:
    start = init_matrix("orthogonal", 10).double()
    start = torch.linalg.qr(start).Q + noise * torch.randn(10, 10, dtype=torch.float64)
    weight = SVDTransition(10, 10, 10, r=0.1, start=start).weight()
    torch.testing.assert_close(weight, start, rtol=0, atol=1e-13)


@pytest.mark.parametrize("scale", [-2.0, 2.0])
def test_a_matrix_can_be_started_from_around_a_negative_centre(scale: float) -> None:
    start = scale * init_matrix("henaff", 12)
    for matrix in (start, start + 0.1 * torch.randn(12, 12)):
        transition = SVDTransition(12, 12, 12, r=1.9, centre=-2.0, start=matrix)
        torch.testing.assert_close(transition.weight(), matrix, rtol=0, atol=1e-4)
        assert (transition.matrix.sigma() < 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "orthogonal"}, r"m1 \+ m2 = 8 reflectors are too few: this orthogonal matrix needs 1[56]"),
        ({"start": "henaff"}, r"m1 \+ m2 = 8 .* needs 16"),
        ({"start": "glorot"}, r"singular value .* lies outside \[0.9, 1.1\]"),
        ({"start": 1.5 * torch.eye(16)}, r"singular value 1.5 lies outside \[0.9, 1.1\]"),
        ({"start": torch.eye(15)}, r"shape \(16, 16\), got \(15, 15\)"),
        ({"start": torch.full((16, 16), float("nan"))}, r"\[0, 0\] = nan"),
        ({"start": "zero"}, "unknown start 'zero'"),
        ({"r": -1.0}, "got -1.0"),
        ({"m1": 17}, "m1 = 17 reflectors of size 16"),
        ({"map": "free", "rescale_sigma_lr": True}, "needs a map of 'sigmoid', 'tanh', 'sin', got map 'free'"),
    ],
)
def test_what_cannot_be_represented_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SVDTransition(16, **{"m1": 4, "m2": 4, "r": 0.1} | arguments)


def test_factorized_refuses_to_rescale_where_the_step_does_not_depend_on_the_radius() -> None:
    with pytest.raises(ValueError, match="needs a map of 'sigmoid', 'tanh', 'sin', got map 'clip'"):
        FactorizedTransition(8, singular_map("clip", 0.1), rescale_sigma_lr=True)


def test_householder_refuses_too_few_reflectors_and_what_is_not_orthogonal() -> None:
    with pytest.raises(ValueError, match=r"reflectors are too few: this orthogonal matrix needs 16"):
        HouseholderTransition(16, 15, start="henaff")
    with pytest.raises(ValueError, match=r"lies outside \[1, 1\]"):
        HouseholderTransition(16, 16, start=2.0 * torch.eye(16))


def test_the_learning_rate_of_sigma_is_divided_by_twice_the_radius() -> None:
    rescaled = SVDTransition(8, 2, 2, r=0.05, rescale_sigma_lr=True)
    assert rescaled.matrix.learning_rate_scales() == {rescaled.matrix.raw: pytest.approx(10.0)}
    assert SVDTransition(8, 2, 2, r=0.0, rescale_sigma_lr=True).matrix.learning_rate_scales() == {}
    assert SVDTransition(8, 2, 2, r=0.05).matrix.learning_rate_scales() == {}


def test_structural_zeros_are_the_triangles() -> None:
    assert list(SVDTransition(8, 4, 3, r=0.1).matrix.structural_zeros().values()) == [6, 3]
    assert list(HouseholderTransition(8, 8).structural_zeros().values()) == [28]


@pytest.mark.parametrize("size", [1, 2, 5, 32])
def test_named_starts(size: int) -> None:
    assert torch.equal(init_matrix("identity", size), torch.eye(size))
    for name in ("orthogonal", "henaff", "cayley"):
        matrix = init_matrix(name, size)
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(size), rtol=0, atol=1e-5)
    assert init_matrix("glorot", size).abs().max() <= math.sqrt(3.0 / size)
    with pytest.raises(
        ValueError, match="unknown start 'ones'; valid: glorot, kaiming, orthogonal, identity, henaff, cayley"
    ):
        init_matrix("ones", size)


def test_rotation_angles_lie_where_they_are_asked_for() -> None:
    eigenvalues = torch.linalg.eigvals(init_matrix("cayley", 64))
    assert eigenvalues.angle().abs().max() <= math.pi / 2
    assert torch.linalg.eigvals(init_matrix("henaff", 64)).angle().abs().max() > math.pi / 2
    torch.testing.assert_close(rotations(2, math.pi / 2, math.pi / 2), torch.tensor([[0.0, -1.0], [1.0, 0.0]]))


@pytest.mark.parametrize("start", MatrixInit)
def test_a_dense_transition_starts_from_any_of_them(start: str) -> None:
    torch.manual_seed(3)
    expected = init_matrix(start, 6)
    torch.manual_seed(3)
    assert torch.equal(DenseTransition(6, start).weight(), expected)

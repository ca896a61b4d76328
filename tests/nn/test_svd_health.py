"""The parametrization keeps its promise however long it is trained, and whatever its parameters become."""

import math

import pytest
import torch
from torch import nn

from spectral_bench.nn.constrained import constrain_
from spectral_bench.nn.transitions import SVDTransition


def error(transition: SVDTransition) -> float:
    """max |σ_i(W) − σ_i|, in the order of their size."""
    with torch.no_grad():
        found = torch.linalg.svdvals(transition.weight().double())
        expected = transition.matrix.sigma().double().abs().sort(descending=True).values
        return float((found - expected).abs().max())


def train_(transition: SVDTransition, updates: int, lr: float) -> float:
    """Adam on a loss whose gradient with respect to W is random at every update; returns the largest error met."""
    generator = torch.Generator().manual_seed(0)
    shape = (transition.hidden_size, transition.hidden_size)
    optimizer = torch.optim.Adam(transition.parameters(), lr=lr, foreach=True)
    worst = 0.0
    for update in range(updates):
        optimizer.zero_grad()
        transition.weight().backward(torch.randn(shape, generator=generator))
        optimizer.step()
        constrain_(transition)
        if update % 500 == 499:
            worst = max(worst, error(transition))
    return worst


@pytest.mark.parametrize("renormalise", [True, False])
@pytest.mark.parametrize(
    ("n", "m1", "m2", "r"), [(8, 3, 4, 0.1), (12, 12, 12, 0.5), (6, 6, 6, 1.5), (1, 1, 1, 0.1), (8, 4, 4, 0.0)]
)
def test_training_on_random_gradients(n: int, m1: int, m2: int, r: float, renormalise: bool) -> None:
    """The same for 100,000 updates is in docs/svd.md, with its figures."""
    torch.manual_seed(0)
    transition = SVDTransition(n, m1, m2, r=r, renormalise=renormalise)
    assert train_(transition, updates=1500, lr=0.05) < 1e-5
    assert not transition.matrix.u.tril(-1).any()
    assert not transition.matrix.v.tril(-1).any()


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e20, 1e30])
def test_reflectors_of_any_norm(scale: float) -> None:
    torch.manual_seed(0)
    transition = SVDTransition(16, 16, 16, r=0.1)
    before = transition.weight().detach()
    with torch.no_grad():
        transition.matrix.u.mul_(scale)
        transition.matrix.v[::2].mul_(scale)
    torch.testing.assert_close(transition.weight(), before, rtol=0, atol=1e-5)
    transition.weight().sum().backward()
    for parameter in transition.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
    constrain_(transition)
    torch.testing.assert_close(transition.matrix.u.norm(dim=1), torch.ones(16))
    torch.testing.assert_close(transition.weight(), before, rtol=0, atol=1e-5)


@pytest.mark.parametrize("renormalise", [True, False])
@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_training_on_from_reflectors_of_extreme_norm(scale: float, renormalise: bool) -> None:
    """Without renormalising, a huge reflector hardly turns any more; the promise is kept all the same."""
    transition = SVDTransition(8, 8, 8, r=0.1, renormalise=renormalise)
    before = transition.weight().detach()
    with torch.no_grad():
        for rows in (transition.matrix.u, transition.matrix.v):
            rows.mul_(scale)
    assert train_(transition, updates=500, lr=0.05) < 1e-5
    assert all(parameter.isfinite().all() for parameter in transition.parameters())
    if renormalise:
        assert (transition.weight() - before).abs().max() > 0.1


def test_reflectors_whose_norm_jumps_over_forty_orders_of_magnitude_in_one_update() -> None:
    """The gradient falls as 1/‖u‖: plain gradient descent throws a tiny reflector as far out as it was near."""
    transition = SVDTransition(8, 8, 8, r=0.1, renormalise=False)
    optimizer = torch.optim.SGD(transition.parameters(), lr=1.0)
    with torch.no_grad():
        transition.matrix.u.mul_(1e-20)
    for norm in (1e-20, 1e20, 1e20):
        exponents = transition.matrix.u[:7].double().norm(dim=1).log10()
        assert exponents.mean().item() == pytest.approx(math.log10(norm), abs=2.0)
        optimizer.zero_grad()
        transition.weight().backward(torch.randn(8, 8))
        optimizer.step()
        assert error(transition) < 1e-5


def test_renormalising_changes_the_parameters_and_not_the_matrix() -> None:
    transition = SVDTransition(9, 4, 4, r=0.1)
    with torch.no_grad():
        for rows in (transition.matrix.u, transition.matrix.v):
            rows.mul_(torch.rand(4, 1) + 0.5)
            rows[2] = 0.0
    before = transition.weight().detach()
    constrain_(transition)
    torch.testing.assert_close(transition.weight(), before)
    expected = torch.ones(4)
    expected[2] = 0.0
    torch.testing.assert_close(transition.matrix.u.norm(dim=1), expected)
    transition.matrix.renormalise = False
    nn.init.ones_(transition.matrix.u)
    constrain_(transition)
    assert (transition.matrix.u == 1.0).all()


def test_a_clipped_sigma_comes_back_from_the_edge() -> None:
    transition = SVDTransition(4, 2, 2, r=0.1, map="clip")
    optimizer = torch.optim.SGD([transition.matrix.raw], lr=1.0)
    for direction, edge in ((-1.0, 1.1), (1.0, 0.9)):
        for _ in range(2):
            optimizer.zero_grad()
            (direction * transition.matrix.sigma().sum()).backward()
            optimizer.step()
            constrain_(transition)
        torch.testing.assert_close(transition.matrix.sigma(), torch.full((4,), edge))

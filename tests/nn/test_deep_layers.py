"""The layers of a deep network by hand are those layer by layer: values, both derivatives, traced norms."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from spectral_bench.linalg import random_reflectors, svd_low_rank
from spectral_bench.nn import GradientTrace
from spectral_bench.nn.activations import build_activation
from spectral_bench.nn.kernels.depth import low_rank_layers
from spectral_bench.nn.kernels.layer_factors import layer_factors
from spectral_bench.nn.kernels.layer_loop import layer_by_layer
from spectral_bench.nn.kernels.operators import LowRank

L, B, N = 4, 3, 6
SIZES = [(3, 2), (2, 3), (6, 6), (0, 2), (1, 0), (0, 0), (3, 2, 6, 4), (3, 2, 4, 6)]


def parameters(m1: int, m2: int, out_size: int = N, in_size: int = N) -> list[Tensor]:
    torch.manual_seed(0)
    sides = ((m1, out_size), (m2, in_size))
    u, v = (torch.stack([random_reflectors(*side, torch.float64) for _ in range(L)]) for side in sides)
    sigma = 1.0 + 0.3 * torch.rand(L, min(out_size, in_size), dtype=torch.float64)
    return [tensor.requires_grad_() for tensor in (u, v, sigma)]


def product_by_hand(u: Tensor, v: Tensor, sigma: Tensor) -> Tensor:
    left, right = layer_factors(u, v, sigma)
    return left.mT @ right


def product_by_autograd(u: Tensor, v: Tensor, sigma: Tensor) -> Tensor:
    _, left, right = svd_low_rank(u, v, sigma, check=False)
    return left @ right


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_factors_of_all_layers_and_their_gradients_are_those_of_svd_low_rank(sizes: tuple[int, ...]) -> None:
    tensors = parameters(*sizes)
    products = [product(*tensors) for product in (product_by_hand, product_by_autograd)]
    target = torch.randn_like(products[0])
    torch.testing.assert_close(*products, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad((p * target).sum(), tensors, materialize_grads=True) for p in products]
    for by_hand, by_autograd in zip(*gradients, strict=True):
        torch.testing.assert_close(by_hand, by_autograd, rtol=0, atol=1e-10)


@pytest.mark.parametrize("sizes", [(2, 3), (2, 3, 4, 6), (2, 1, 3, 2)], ids=str)
def test_first_and_second_derivatives_of_the_factors(sizes: tuple[int, ...]) -> None:
    tensors = [tensor[:2].detach().requires_grad_() for tensor in parameters(*sizes)]
    assert gradcheck(product_by_hand, tensors)
    assert gradgradcheck(product_by_hand, tensors)


def test_reflectors_of_any_norm_and_zero_rows_have_the_gradients_they_have_by_autograd() -> None:
    u, v, sigma = (tensor.detach().clone() for tensor in parameters(3, 3))
    u[0, 1], v[1, 2] = 0.0, 0.0
    u[2] *= 1e12
    v[3] *= 1e-12
    tensors = [tensor.requires_grad_() for tensor in (u, v, sigma)]
    target = torch.randn(L, N, N, dtype=torch.float64)
    found, expected = (
        torch.autograd.grad((product(*tensors) * target).sum(), tensors)
        for product in (product_by_hand, product_by_autograd)
    )
    for by_hand, by_autograd in zip(found, expected, strict=True):
        scale = by_autograd.abs().amax((1, *range(2, by_autograd.ndim)), keepdim=True)
        torch.testing.assert_close(by_hand / scale, by_autograd / scale, rtol=0, atol=1e-10)
    assert found[0][0, 1].abs().max() < 1e-12


def test_what_stands_below_the_diagonals_is_not_read_and_gets_no_gradient() -> None:
    u, v, sigma = (tensor.detach() for tensor in parameters(3, 2))
    junk = (u + torch.full_like(u, 7.0).tril(-1)).requires_grad_()
    product = product_by_hand(junk, v, sigma)
    torch.testing.assert_close(product, product_by_autograd(u, v, sigma))
    product.square().sum().backward()
    assert junk.grad is not None
    assert not junk.grad.tril(-1).any()


def tensors_of_layers(width: int = 5) -> list[Tensor]:
    torch.manual_seed(1)
    shapes = [(B, N), (L, N), (L, N), (L, width, N), (L, width, N)]
    return [(0.6 * torch.randn(*shape, dtype=torch.float64)).requires_grad_() for shape in shapes]


def by_hand(*tensors: Tensor, activation: str, residual: bool, trace: GradientTrace | None = None) -> Tensor:
    return low_rank_layers(*tensors, build_activation(activation, N, 0.1), residual=residual, trace=trace)


def layer_after_layer(*tensors: Tensor, activation: str, residual: bool, trace: GradientTrace | None = None) -> Tensor:
    h0, biases, sigma, left, right = tensors
    operators = [LowRank(*of_layer) for of_layer in zip(sigma, left.mT, right, strict=True)]
    activations = [build_activation(activation, N, 0.1)] * (L // 2 if residual else L)
    return layer_by_layer(h0, operators, biases, activations, residual=residual, trace=trace)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("activation", ["leaky_relu", "relu", "tanh", "identity"])
@pytest.mark.parametrize("width", [5, 0])
def test_layers_by_hand_are_the_loop(activation: str, residual: bool, width: int) -> None:
    tensors = tensors_of_layers(width)
    target = torch.randn(B, N, dtype=torch.float64)
    found = []
    for run in (by_hand, layer_after_layer):
        trace = GradientTrace()
        last = run(*tensors, activation=activation, residual=residual, trace=trace)
        gradients = torch.autograd.grad((last * target).sum(), tensors, materialize_grads=True)
        found.append((last, *gradients, trace.norms[0]))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
    assert found[0][-1].shape == ((L // 2 if residual else L) + 1, B)


@pytest.mark.parametrize("residual", [False, True])
def test_first_and_second_derivatives_of_the_layers(residual: bool) -> None:
    def run(*tensors: Tensor) -> Tensor:
        return by_hand(*tensors, activation="tanh", residual=residual)

    assert gradcheck(run, tensors_of_layers(2))
    assert gradgradcheck(run, tensors_of_layers(2))


def test_norms_are_traced_also_where_a_second_derivative_follows() -> None:
    """And the path from σ to L is not counted twice: L may have been computed from σ."""
    h0, biases, sigma, left, right = tensors_of_layers()
    found = []
    for run in (by_hand, layer_after_layer):
        of_left = left * sigma.unsqueeze(1)
        last = run(h0, biases, sigma, of_left, right, activation="tanh", residual=False)
        (gradient,) = torch.autograd.grad(last.square().sum(), sigma, create_graph=True)
        (second,) = torch.autograd.grad(gradient.square().sum(), sigma)
        found.append((gradient, second))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)

    norms = []
    for create_graph in (False, True):
        trace = GradientTrace()
        last = by_hand(h0, biases, sigma, left, right, activation="tanh", residual=False, trace=trace)
        torch.autograd.grad(last.square().sum(), sigma, create_graph=create_graph)
        norms.append(trace.norms[0])
    assert torch.equal(*norms)


@pytest.mark.parametrize("trained", [(0,), (1,), (0, 1), (2,), (3, 4)], ids=str)
@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_are_the_same_where_other_tensors_do_not_train(trained: tuple[int, ...], create_graph: bool) -> None:
    tensors = tensors_of_layers()
    everything = torch.autograd.grad(by_hand(*tensors, activation="tanh", residual=True).sum(), tensors)
    some = [tensor.detach().requires_grad_(place in trained) for place, tensor in enumerate(tensors)]
    wanted = [some[place] for place in trained]
    last = by_hand(*some, activation="tanh", residual=True)
    found = torch.autograd.grad(last.sum(), wanted, create_graph=create_graph)
    for place, gradient in zip(trained, found, strict=True):
        torch.testing.assert_close(gradient, everything[place])


def test_a_backward_pass_can_be_repeated() -> None:
    tensors = tensors_of_layers()
    loss = by_hand(*tensors, activation="leaky_relu", residual=True).square().sum()
    first, second = (torch.autograd.grad(loss, tensors, retain_graph=True) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)

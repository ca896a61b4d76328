"""What ``torch.func`` and ``torch.autograd`` make of functions they make of recurrences: checked against the loop."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn import GRULayer, HouseholderTransition, LSTMLayer, RecurrentLayer, SpectralRNN, build_activation
from spectral_bench.nn.kernels import reference
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.models.lru import LRULayer
from spectral_bench.nn.models.mingru import MinGRULayer

T, B, D, N = 5, 2, 3, 4

MODULES: dict[str, Callable[[], nn.Module]] = {
    "svd": lambda: SpectralRNN(D, N, 2, m1=2, m2=2, learn_h0=True),
    "svd, low rank": lambda: SpectralRNN(D, 300, m1=1, m2=1),
    "svd, both directions": lambda: SpectralRNN(D, N, 2, m1=2, m2=2, bidirectional=True),
    "orthogonal": lambda: RecurrentLayer(D, HouseholderTransition(N, 2), build_activation("modrelu", N)),
    "lstm": lambda: LSTMLayer(D, N),
    "gru": lambda: GRULayer(D, N),
    "scanned": lambda: MinGRULayer(D, N),
    "scanned, complex": lambda: LRULayer(D, N, N, encode=True, r_min=0.0, r_max=1.0, max_phase=6.0),
}
every_module = pytest.mark.parametrize("name", MODULES)


@pytest.fixture(autouse=True)
def _double_precision() -> None:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def made(name: str) -> tuple[nn.Module, Tensor]:
    return MODULES[name](), torch.randn(T, B, D)


@every_module
def test_gradients_of_a_functional_call(name: str) -> None:
    module, x = made(name)
    parameters = {key: parameter.detach() for key, parameter in module.named_parameters()}

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(module, parameters, (x,))[0].square().sum()

    loss(dict(module.named_parameters())).backward()
    for key, gradient in torch.func.grad(loss)(parameters).items():
        torch.testing.assert_close(gradient, module.get_parameter(key).grad)


@every_module
def test_jacobians(name: str) -> None:
    module, x = made(name)

    def states(x: Tensor) -> Tensor:
        return module(x)[0][..., :4]

    expected = torch.autograd.functional.jacobian(states, x)
    torch.testing.assert_close(torch.func.jacrev(states)(x), expected)
    torch.testing.assert_close(torch.autograd.functional.jacobian(states, x, vectorize=True), expected)


@every_module
def test_batches_of_gradients(name: str) -> None:
    module, x = made(name)
    x.requires_grad_()
    states = module(x)[0]
    directions = torch.randn(3, *states.shape)
    (found,) = torch.autograd.grad(states, x, directions, is_grads_batched=True, retain_graph=True)
    for direction, gradient in zip(directions, found, strict=True):
        torch.testing.assert_close(gradient, torch.autograd.grad(states, x, direction, retain_graph=True)[0])


@every_module
def test_an_axis_that_is_mapped_over(name: str) -> None:
    module, _ = made(name)
    x = torch.randn(3, T, B, D)

    def gradient(x: Tensor) -> Tensor:
        return torch.func.grad(lambda x: module(x)[0].square().sum())(x)

    for found, one in zip(torch.func.vmap(gradient)(x), x, strict=True):
        torch.testing.assert_close(found, gradient(one))


def test_the_second_derivative_is_refused_here_too() -> None:
    module, x = made("svd")
    with pytest.raises(RuntimeError, match="differentiated once"):
        torch.func.jacrev(torch.func.grad(lambda x: module(x)[0].square().sum()))(x)


def test_a_jacobian_is_that_of_the_plain_loop() -> None:
    module, x = made("orthogonal")

    def plain(x: Tensor) -> Tensor:
        operator = Dense(module.transition.weight())
        return reference.reference_recurrence(
            x, torch.zeros(B, N), module.input_weight, module.bias, operator, module.activation
        )[0]

    torch.testing.assert_close(torch.func.jacrev(lambda x: module(x)[0])(x), torch.func.jacrev(plain)(x))

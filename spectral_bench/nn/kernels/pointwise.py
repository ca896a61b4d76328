"""In-place nonlinearities whose derivative is read off their output: a kernel then keeps the states, nothing else."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from spectral_bench.nn.activations import Activation, ActivationName

aten = torch.ops.aten


class Pointwise(NamedTuple):
    """A nonlinearity φ as a kernel uses it.

    Attributes:
        apply_: ``apply_(x)`` overwrites x with y = φ(x).
        pull_back: ``pull_back(gradient, y, out)`` writes gradient · φ'(x) into ``out``.
    """

    apply_: Callable[[Tensor], object]
    pull_back: Callable[[Tensor, Tensor, Tensor], object]


def pointwise(activation: Activation) -> Pointwise:
    """The in-place form of an activation. Where φ has a kink, the derivative is the one autograd takes."""
    match activation.name:
        case ActivationName.leaky_relu:
            leak = activation.leak
            return Pointwise(
                lambda x: torch.nn.functional.leaky_relu_(x, leak),
                lambda gradient, y, out: aten.leaky_relu_backward.grad_input(gradient, y, leak, True, grad_input=out),
            )
        case ActivationName.relu:
            return Pointwise(
                torch.relu_,
                lambda gradient, y, out: aten.threshold_backward.grad_input(gradient, y, 0, grad_input=out),
            )
        case ActivationName.tanh:
            return Pointwise(
                torch.tanh_,
                lambda gradient, y, out: aten.tanh_backward.grad_input(gradient, y, grad_input=out),
            )
        case ActivationName.identity:
            return Pointwise(lambda _: None, lambda gradient, _, out: out.copy_(gradient))
        case ActivationName.modrelu:
            assert activation.bias is not None  # noqa: S101
            return _modrelu(activation.bias)


def _modrelu(bias_N: Tensor) -> Pointwise:
    """Where y is not zero, sign(x)·max(|x| + b, 0) has slope 1 in x and sign(y) in b; elsewhere 0."""

    def apply_(x: Tensor) -> None:
        magnitude = x.abs().add_(bias_N).relu_()
        x.sign_().mul_(magnitude)

    def pull_back(gradient: Tensor, y: Tensor, out: Tensor) -> None:
        torch.mul(gradient, y.ne(0), out=out)

    return Pointwise(apply_, pull_back)

"""In-place nonlinearities whose slope is read off their output: a kernel then keeps the states, nothing else."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from spectral_bench.nn.activations import Activation, ActivationName

_aten = torch.ops.aten


class Pointwise(NamedTuple):
    """A nonlinearity φ as a kernel uses it.

    Attributes:
        apply_: ``apply_(x)`` overwrites x with y = φ(x).
        slope: ``slope(y, out)`` writes φ'(x) into ``out``; at a kink, the one autograd takes.
    """

    apply_: Callable[[Tensor], object]
    slope: Callable[[Tensor, Tensor], object]


def pointwise(activation: Activation) -> Pointwise:
    """The in-place form of an activation."""
    match activation.name:
        case ActivationName.leaky_relu:
            leak = activation.leak
            return Pointwise(
                lambda x: torch.nn.functional.leaky_relu_(x, leak),
                lambda y, out: _aten.leaky_relu_backward.grad_input(_one(y), y, leak, True, grad_input=out),
            )
        case ActivationName.relu:
            return Pointwise(torch.relu_, lambda y, out: torch.gt(y, 0, out=out))
        case ActivationName.tanh:
            return Pointwise(torch.tanh_, lambda y, out: _aten.tanh_backward.grad_input(_one(y), y, grad_input=out))
        case ActivationName.identity:
            return Pointwise(lambda _: None, lambda _, out: out.fill_(1.0))
        case ActivationName.modrelu:
            assert activation.bias is not None  # noqa: S101
            return _modrelu(activation.bias)


def _one(y: Tensor) -> Tensor:
    """The factor that isolates a derivative: one pass, with the constants of φ' included."""
    return y.new_ones(()).expand_as(y)


def _modrelu(bias_N: Tensor) -> Pointwise:
    """Where y is not zero, sign(x)·max(|x| + b, 0) has slope 1 in x and sign(y) in b; elsewhere 0."""

    def apply_(x: Tensor) -> None:
        magnitude = x.abs().add_(bias_N).relu_()
        x.sign_().mul_(magnitude)

    return Pointwise(apply_, lambda y, out: torch.ne(y, 0, out=out))

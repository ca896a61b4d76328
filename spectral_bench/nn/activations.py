"""The pointwise nonlinearities of a recurrent layer: what autograd, the kernels and readers of runs need of each.

A kernel applies φ in place and reads the slope off the output: it then keeps the states, nothing else.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor, nn

_aten = torch.ops.aten


class ActivationName(StrEnum):
    """The words a configuration may use."""

    leaky_relu = "leaky_relu"
    relu = "relu"
    tanh = "tanh"
    identity = "identity"
    modrelu = "modrelu"


#: Every kind of activation there is.
_BY_NAME: dict[str, type["Activation"]] = {}


class Activation(nn.Module, ABC):
    """A pointwise nonlinearity φ.

    Attributes:
        name: its word in a configuration, and in the Triton kernels.
        slopes: the smallest and the largest absolute value of φ'.
        leak: slope for negative x, where φ has such a parameter.
        bias: trainable bias of each unit, shape (N,), where φ has one. The kernel takes the derivative by it to be that
            of ``ModReLU``, sign(φ(x)): an activation whose bias acts otherwise needs a recurrence of its own.
    """

    name: ClassVar[str]
    slopes: tuple[float, float] = (0.0, 1.0)
    leak: float = 0.0
    bias: nn.Parameter | None

    def __init__(self) -> None:
        super().__init__()
        self.bias = None

    @classmethod
    def build(cls, hidden_size: int, leak: float) -> Self:  # noqa: ARG003
        """One for a layer of ``hidden_size`` units; ``leak`` is for the activation that has one."""
        return cls()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__ or cls.name in _BY_NAME:
            raise TypeError(f"{cls.__name__} needs a `name` of its own: the kernels know an activation by that")
        _BY_NAME[cls.name] = cls

    @staticmethod
    def of(name: str, leak: float, bias: Tensor | None) -> "Activation":
        """The activation of this name on parameters that are given, for kernels: they know no modules.

        Whatever else a class of somebody's own keeps in an instance is not there.
        """
        activation = _BY_NAME[name].__new__(_BY_NAME[name])
        nn.Module.__init__(activation)
        activation.leak = leak
        activation.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)
        return activation

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """φ(x), differentiable; any shape whose last axis is the hidden size."""

    @abstractmethod
    def apply_(self, x: Tensor) -> None:
        """Overwrite x with φ(x), for kernels; not differentiated."""

    @abstractmethod
    def slope(self, y: Tensor, out: Tensor) -> None:
        """Write φ'(x) into ``out``, given y = φ(x); at a kink, the one autograd takes."""

    def pull_back(self, gradient: Tensor, y: Tensor, out: Tensor) -> None:
        """Write φ'(x)∘gradient into ``out``, given y = φ(x)."""
        self.slope(y, out)
        out.mul_(gradient)

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return str(self.name)


class LeakyReLU(Activation):
    """max(leak·x, x).

    Raises:
        ValueError: the leak is outside [0, 1].
    """

    name = ActivationName.leaky_relu

    def __init__(self, leak: float) -> None:
        super().__init__()
        if not 0.0 <= leak <= 1.0:
            raise ValueError(f"leak must be in [0, 1], got {leak}")
        self.leak = leak
        self.slopes = (leak, 1.0)

    @classmethod
    def build(cls, hidden_size: int, leak: float) -> Self:  # noqa: ARG003
        """One of this leak."""
        return cls(leak)

    def forward(self, x: Tensor) -> Tensor:
        """φ(x)."""
        return nn.functional.leaky_relu(x, self.leak)

    def apply_(self, x: Tensor) -> None:
        """Overwrite x with φ(x)."""
        nn.functional.leaky_relu_(x, self.leak)

    def slope(self, y: Tensor, out: Tensor) -> None:
        """1 or the leak, by the sign of y, which is that of x."""
        self.pull_back(_one(y), y, out)

    def pull_back(self, gradient: Tensor, y: Tensor, out: Tensor) -> None:
        """The gradient, or the leak times that."""
        _aten.leaky_relu_backward.grad_input(gradient, y, self.leak, True, grad_input=out)

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return f"{self.name}, leak={self.leak}"


class ReLU(Activation):
    """max(x, 0)."""

    name = ActivationName.relu

    def forward(self, x: Tensor) -> Tensor:
        """φ(x)."""
        return x.relu()

    def apply_(self, x: Tensor) -> None:
        """Overwrite x with φ(x)."""
        x.relu_()

    def slope(self, y: Tensor, out: Tensor) -> None:
        """1 where y is positive."""
        torch.gt(y, 0, out=out)


class Tanh(Activation):
    """The hyperbolic tangent."""

    name = ActivationName.tanh

    def forward(self, x: Tensor) -> Tensor:
        """φ(x)."""
        return x.tanh()

    def apply_(self, x: Tensor) -> None:
        """Overwrite x with φ(x)."""
        x.tanh_()

    def slope(self, y: Tensor, out: Tensor) -> None:
        """1 - y²."""
        self.pull_back(_one(y), y, out)

    def pull_back(self, gradient: Tensor, y: Tensor, out: Tensor) -> None:
        """(1 - y²) ∘ gradient."""
        _aten.tanh_backward.grad_input(gradient, y, grad_input=out)


class Identity(Activation):
    """No nonlinearity."""

    name = ActivationName.identity
    slopes = (1.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """X itself."""
        return x

    def apply_(self, x: Tensor) -> None:
        """Nothing to do."""

    def slope(self, y: Tensor, out: Tensor) -> None:  # noqa: ARG002
        """1."""
        out.fill_(1.0)


class ModReLU(Activation):
    """sign(x)·max(|x| + b, 0) with a trainable bias b for each unit, zero at the start.

    Arjovsky, Shah and Bengio (2016), equation 8, for real numbers.
    """

    name = ActivationName.modrelu

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(hidden_size))

    @classmethod
    def build(cls, hidden_size: int, leak: float) -> Self:  # noqa: ARG003
        """One with a bias for every unit."""
        return cls(hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """φ(x)."""
        return x.sign() * (x.abs() + cast("Tensor", self.bias)).relu()

    def apply_(self, x: Tensor) -> None:
        """Overwrite x with φ(x)."""
        magnitude = x.abs().add_(cast("Tensor", self.bias)).relu_()
        x.sign_().mul_(magnitude)

    def slope(self, y: Tensor, out: Tensor) -> None:
        """1 where y is not zero; there the slope in b is sign(y)."""
        torch.ne(y, 0, out=out)


#: The package's own, by name; the Triton kernels know these and no other.
ACTIVATIONS: dict[str, type[Activation]] = {kind.name: kind for kind in (LeakyReLU, ReLU, Tanh, Identity, ModReLU)}


def build_activation(name: str, hidden_size: int, leak: float = 0.01) -> Activation:
    """The activation of this name.

    Args:
        name: one of ``ActivationName``.
        hidden_size: number of units, for the bias of ``modrelu``.
        leak: slope of ``leaky_relu`` for negative x.

    Raises:
        ValueError: the name is unknown, or the leak is outside [0, 1].
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation '{name}'; valid: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name].build(hidden_size, leak)


def _one(y: Tensor) -> Tensor:
    """What a derivative is multiplied with to have it alone: in one pass, with the constants of φ' inside."""
    return y.new_ones(()).expand_as(y)

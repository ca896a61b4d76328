"""The recurrent matrix of a layer, in whatever parametrization. Axes: B batch, N hidden size."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from spectral_bench.nn.constrained import Constrained
from spectral_bench.nn.kernels.operators import Operator
from spectral_bench.nn.model import Interval


class Transition(nn.Module, Constrained, ABC):
    """The map h ↦ W h of a recurrent layer.

    Attributes:
        hidden_size: N.
    """

    hidden_size: int

    @property
    def centre(self) -> float:
        """σ*, the singular value that W is measured against."""
        return 1.0

    @abstractmethod
    def operator(self, batch_size: int) -> Operator:
        """W in the form that is cheaper to apply at every time step to a batch of this size; differentiable."""

    @abstractmethod
    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""

    def reset_parameters(self) -> None:
        """Start anew, from torch's global generator, as the constructor did."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it starts")

    def sigma_bounds(self) -> Interval | None:
        """The smallest and the largest singular value that W can have; None where they are free."""
        return None

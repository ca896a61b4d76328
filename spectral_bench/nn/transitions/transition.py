"""The recurrent matrix of a layer, in whatever parametrization. Axes: B batch, N hidden size."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor, nn

from spectral_bench.nn.activations import Activation
from spectral_bench.nn.kernels.operators import Operator
from spectral_bench.nn.layer_kinds import LayerKind
from spectral_bench.nn.recurrent import RecurrentLayer


class Transition(nn.Module, LayerKind):
    """The map h ↦ W h; together with an activation it makes a kind of layer.

    Attributes:
        hidden_size: N.
    """

    hidden_size: int

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any, r: float) -> Self:
        """A fresh transition; ``config`` is a ``Config`` of this kind."""

    @classmethod
    def build_layer(cls, config: Any, input_size: int, r: float) -> RecurrentLayer:
        """A recurrent layer around a fresh transition."""
        return RecurrentLayer(
            input_size,
            cls.from_config(config, r),
            Activation(config.activation, config.hidden_size, config.leak),
            learn_h0=config.learn_h0,
            input_start=config.input_start,
            input_scale=config.input_scale,
        )

    @abstractmethod
    def operator(self, batch_size: int) -> Operator:
        """W in the form that is cheaper to apply at every time step to a batch of this size; differentiable."""

    @abstractmethod
    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""

    def constrain_(self) -> None:
        """Bring the parameters back, after an update, to where they must lie."""

    @property
    def structural_zeros(self) -> int:
        """Entries of the parameters that are zero by construction, and so do not count as parameters."""
        return 0

    def learning_rate_scales(self) -> Mapping[nn.Parameter, float]:
        """Parameters whose learning rate is to be multiplied by a factor."""
        return {}

    def penalty(self) -> Tensor | None:
        """What is to be added to the training loss, a scalar; None: nothing."""
        return None

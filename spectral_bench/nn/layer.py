"""The face of a recurrent layer, whatever its recurrence. Axes: T time, B batch, D input, N hidden."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from spectral_bench.nn.constrained import Constrained
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.model import Interval
from spectral_bench.nn.singular_values import matrix_singular_values


@dataclass(frozen=True)
class LayerFacts:
    """What a layer can say of its gradients: ``sigma``, ``centre``, ``slopes`` and ``traced`` of ``Facts``."""

    sigma: Interval | None = None
    centre: float = 1.0
    slopes: Interval | None = None
    traced: str = "h"


class Layer(nn.Module, Constrained, ABC):
    """One recurrent layer.

    Attributes:
        hidden_size: N, features of a state.
        one_operator: whether the recurrence is one operator (``nn.kernels``), which a compiler takes as it is; a loop
            over time written in Python is left out of compiled graphs.
    """

    hidden_size: int
    one_operator: ClassVar[bool] = False

    @abstractmethod
    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run over all time steps.

        Args:
            x_TBD: inputs, shape (T, B, D).
            state: where to begin, parts of shape (B, ...); None: at the layer's own initial state.
            trace: where the backward pass writes the gradient norm of every state.
            index: the layer's number in the trace.

        Returns:
            The outputs, shape (T, B, N), and the final state, whose first part is the last output. Take the last output
            from the second: a gradient that reaches only h_T is then never spread over T time steps.
        """

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """Every recurrent matrix by its name in the layer, detached; none where the recurrence has no matrix."""
        return {}

    def singular_values(self) -> dict[str, Tensor]:
        """Of every recurrent matrix by its name, the largest first, in double precision."""
        return {name: matrix_singular_values(matrix) for name, matrix in self.recurrent_matrices().items()}

    def facts(self) -> LayerFacts:
        """What can be said of the layer's gradients before it is trained; by default nothing."""
        return LayerFacts()

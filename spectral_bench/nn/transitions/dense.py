"""The free recurrent matrix: RNN, IRNN."""

from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.init import MatrixInit, init_matrix
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.layer_kinds import LAYERS, RecurrentConfig
from spectral_bench.nn.transitions.transition import Transition


@LAYERS.register("dense")
class DenseTransition(Transition):
    """W itself, n² free parameters.

    Args:
        hidden_size: N.
        start: one of ``MatrixInit``.

    Raises:
        ValueError: the size is less than 1, or the start is unknown.
    """

    @dataclass
    class Config(RecurrentConfig):
        """What ``rnn`` and ``irnn`` can be configured with."""

        start: MatrixInit

    def __init__(self, hidden_size: int, start: str = MatrixInit.glorot) -> None:
        super().__init__()
        check_size("hidden_size", hidden_size)
        self.hidden_size = hidden_size
        self.matrix = nn.Parameter(init_matrix(start, hidden_size))

    @classmethod
    def from_config(cls, config: Any, r: float) -> Self:  # noqa: ARG003
        """A free matrix has no radius."""
        return cls(config.hidden_size, config.start)

    def operator(self, batch_size: int) -> Dense:  # noqa: ARG002
        """W as it is."""
        return Dense(self.matrix)

    def weight(self) -> Tensor:
        """W, shape (N, N)."""
        return self.matrix

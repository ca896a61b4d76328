"""The free recurrent matrix: RNN, IRNN."""

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.init import MatrixInit, init_matrix
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.transitions.transition import Transition


class DenseTransition(Transition):
    """W itself, n² free parameters.

    Args:
        hidden_size: N.
        start: one of ``MatrixInit``.

    Raises:
        ValueError: the size is less than 1, or the start is unknown.
    """

    def __init__(self, hidden_size: int, start: str = MatrixInit.glorot) -> None:
        super().__init__()
        check_size("hidden_size", hidden_size)
        self.hidden_size, self.start = hidden_size, start
        self.matrix = nn.Parameter(init_matrix(start, hidden_size))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Another matrix of the same start."""
        self.matrix.copy_(init_matrix(self.start, self.hidden_size))

    def operator(self, batch_size: int) -> Dense:  # noqa: ARG002
        """W as it is."""
        return Dense(self.matrix)

    def weight(self) -> Tensor:
        """W, shape (N, N)."""
        return self.matrix

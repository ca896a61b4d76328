"""The free recurrent matrix: RNN, IRNN."""

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.init import MatrixInit, init_matrix
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.orthogonality_penalty import OrthogonalityPenalty, orthogonality_penalty
from spectral_bench.nn.transitions.transition import Transition


class DenseTransition(Transition):
    """W itself, n² free parameters.

    Args:
        hidden_size: N.
        start: one of ``MatrixInit``.
        penalise: a term of the loss that draws W to the orthogonal matrices.
        penalty_weight: λ, its factor.

    Raises:
        ValueError: the size is less than 1, the start is unknown, or the factor negative.
    """

    def __init__(
        self,
        hidden_size: int,
        start: str = MatrixInit.glorot,
        *,
        penalise: OrthogonalityPenalty = OrthogonalityPenalty.none,
        penalty_weight: float = 0.0,
    ) -> None:
        super().__init__()
        check_size("hidden_size", hidden_size)
        if not penalty_weight >= 0.0:
            raise ValueError(f"penalty_weight must be 0 or more, got {penalty_weight}")
        self.hidden_size, self.start = hidden_size, start
        self.penalise, self.penalty_weight = OrthogonalityPenalty(penalise), penalty_weight
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

    def loss_term(self) -> Tensor | None:
        """λ times the penalty of W; None where there is none."""
        if self.penalise is OrthogonalityPenalty.none:
            return None
        return self.penalty_weight * orthogonality_penalty(self.penalise, self.weight())

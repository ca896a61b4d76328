"""Orthogonal matrices of a skew-symmetric one, A = P − Pᵀ with P strictly upper triangular."""

from abc import ABC
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.constrained import Constrained, ParameterKind
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.model import Interval
from spectral_bench.nn.transitions.transition import Transition


class SkewMatrix(nn.Module, Constrained):
    """A = P − Pᵀ, n(n−1)/2 free numbers.

    Args:
        upper: where P starts, shape (N, N); only what is above the diagonal is read.

    Attributes:
        upper: parameter P, shape (N, N). What is not above the diagonal gets no gradient.
    """

    def __init__(self, upper: Tensor) -> None:
        super().__init__()
        self.upper = nn.Parameter(upper.triu(1))

    def forward(self) -> Tensor:
        """A, shape (N, N), differentiable."""
        upper = self.upper.triu(1)
        return upper - upper.mT

    @torch.no_grad()
    def constrain_(self) -> None:
        """What an optimizer left below goes back to zero."""
        self.upper.triu_(1)

    def parameter_kinds(self) -> Mapping[nn.Parameter, ParameterKind]:
        """All of an orthogonal matrix."""
        return {self.upper: ParameterKind.orthogonal}

    def structural_zeros(self) -> Mapping[Tensor, int]:
        """The diagonal and what is below it."""
        n = len(self.upper)
        return {self.upper: n * (n + 1) // 2}


class SkewTransition(Transition, ABC):
    """W orthogonal, made of a skew-symmetric matrix once for every pass over a sequence.

    Args:
        hidden_size: N.

    Raises:
        ValueError: the size is less than 1.
    """

    skew: SkewMatrix

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        check_size("hidden_size", hidden_size)
        self.hidden_size = hidden_size

    def operator(self, batch_size: int) -> Dense:  # noqa: ARG002
        """W as it is: it has no low rank."""
        return Dense(self.weight())

    def sigma_bounds(self) -> Interval:
        """All singular values are 1."""
        return 1.0, 1.0


def cayley(skew: Tensor) -> Tensor:
    """(I + A)⁻¹ (I − A), orthogonal for skew-symmetric A, of any shape (..., N, N)."""
    identity = torch.eye(skew.shape[-1], dtype=skew.dtype, device=skew.device)
    solved: Tensor = torch.linalg.solve(identity + skew, identity - skew)
    return solved

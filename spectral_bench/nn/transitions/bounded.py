"""A free recurrent matrix whose singular values are bounded from outside: divided by the largest, or clipped."""

from enum import StrEnum

import torch
from torch import Tensor

from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.model import Interval
from spectral_bench.nn.orthogonality_penalty import OrthogonalityPenalty
from spectral_bench.nn.transitions.dense import DenseTransition


class SigmaBound(StrEnum):
    """The words a configuration may use."""

    none = "none"
    normalise = "normalise"
    clip = "clip"


class NormalisedTransition(DenseTransition):
    """W = M / σ_max(M), M free: spectral normalisation (Miyato et al., 2018) of a recurrent matrix.

    The norm is computed and not estimated by the power method, as ``torch.nn.utils.parametrizations.spectral_norm``
    does: an estimate is too small, and over T steps the excess is taken to the power of T.
    """

    def operator(self, batch_size: int) -> Dense:  # noqa: ARG002
        """W."""
        return Dense(self.weight())

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        norm: Tensor = torch.linalg.matrix_norm(self.matrix, 2)
        return self.matrix / norm

    def sigma_bounds(self) -> Interval:
        """The largest singular value is 1, the others may be anything below."""
        return 0.0, 1.0


class ClippedTransition(DenseTransition):
    """W free, its singular values clipped to [1 - r, 1 + r] after every ``every`` updates, and in the beginning.

    Args:
        hidden_size: N.
        start: one of ``MatrixInit``.
        r: the sigma radius; of more than 1, nothing is clipped from below.
        every: updates between two clippings.
        penalise: as of ``DenseTransition``.
        penalty_weight: likewise.

    Raises:
        ValueError: as ``DenseTransition``; or ``every`` is less than 1, or r negative.

    Attributes:
        updates: since the last clipping; part of the state, so that a run that goes on clips when it would have.
    """

    updates: Tensor

    def __init__(
        self,
        hidden_size: int,
        start: str = MatrixInit.glorot,
        *,
        r: float,
        every: int = 1,
        penalise: OrthogonalityPenalty = OrthogonalityPenalty.none,
        penalty_weight: float = 0.0,
    ) -> None:
        super().__init__(hidden_size, start, penalise=penalise, penalty_weight=penalty_weight)
        check_size("every", every)
        if not r >= 0.0:
            raise ValueError(f"r must be 0 or more, got {r}")
        self.r, self.every = r, every
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.clip_()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Another matrix of the same start, clipped."""
        super().reset_parameters()
        self.updates.zero_()
        self.clip_()

    def sigma_bounds(self) -> Interval | None:
        """Those of the clipping; none where it leaves updates out, between which W is free."""
        return (max(0.0, 1.0 - self.r), 1.0 + self.r) if self.every == 1 else None

    @torch.no_grad()
    def constrain_(self) -> None:
        """Clip, where it is time to."""
        self.updates += 1
        if int(self.updates) >= self.every:
            self.clip_()
            self.updates.zero_()

    @torch.no_grad()
    def clip_(self) -> None:
        """W = U diag(clip(σ)) Vᵀ; a matrix that is not finite is left as it is, for the training to see."""
        if not self.matrix.isfinite().all():
            return
        u, sigma, vh = torch.linalg.svd(self.matrix)
        self.matrix.copy_(u * sigma.clamp(max(0.0, 1.0 - self.r), 1.0 + self.r) @ vh)

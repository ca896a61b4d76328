"""The orthogonal recurrent matrix as a matrix exponential: expRNN and dtriv (Lezcano-Casado 2019)."""

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn.init import SkewInit, rotation_angles, upper_blocks
from spectral_bench.nn.transitions.skew import SkewMatrix, SkewTransition

#: Every so many rebases the base is projected to the nearest orthogonal matrix, as in the authors' code.
_PROJECT_EVERY = 30


class ExponentialTransition(SkewTransition):
    """W = B exp(A) with B = I: expRNN (Lezcano-Casado and Martínez-Rubio 2019); or B that moves: dtriv (2019).

    With ``rebase_every``, after so many updates B takes the value of W and A becomes zero: W stays, but the next
    gradient is taken at the origin, where exp distorts it least. What an optimizer has learnt of A stays as it is, as
    in the authors' code: RMSprop and Adam go on with the moments of a parameter that has jumped to zero, so that a run
    depends on the period even where the parametrization would not.

    Args:
        hidden_size: N.
        start: one of ``SkewInit``. For ``cayley`` the angles are −tan(u/2), u from (0, π/2), as in the authors' code:
            what scoRNN puts into its transform, put into exp.
        rebase_every: K updates; None: never.

    Raises:
        ValueError: the size or the period is less than 1, or the start is unknown.
    """

    base: Tensor
    updates: Tensor

    def __init__(self, hidden_size: int, start: str = SkewInit.henaff, rebase_every: int | None = None) -> None:
        super().__init__(hidden_size)
        if rebase_every is not None and rebase_every < 1:
            raise ValueError(f"rebase_every must be 1 or more, or None for never, got {rebase_every}")
        self.start, self.rebase_every = start, rebase_every
        self.skew = SkewMatrix(self._started())
        self.register_buffer("base", torch.eye(hidden_size))
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Another matrix of the same start."""
        self.skew.upper.copy_(self._started())
        self.base.copy_(torch.eye(self.hidden_size))
        self.updates.zero_()

    def _started(self) -> Tensor:
        angles = rotation_angles(self.start, self.hidden_size)
        return upper_blocks(-torch.tan(angles / 2) if self.start == SkewInit.cayley else angles, self.hidden_size)

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        skew = self.skew()
        with without_autocast(skew):
            rotation: Tensor = torch.linalg.matrix_exp(skew)
            return rotation if self.rebase_every is None else self.base @ rotation

    @torch.no_grad()
    def constrain_(self) -> None:
        """Move the base after every K-th update."""
        self.updates += 1
        updates = int(self.updates)
        if self.rebase_every is None or updates % self.rebase_every:
            return
        base = self.weight()
        if updates // self.rebase_every % _PROJECT_EVERY == 0:
            left, _, right = torch.linalg.svd(base.double())
            base = (left @ right).to(base.dtype)
        self.base.copy_(base)
        self.skew.upper.zero_()

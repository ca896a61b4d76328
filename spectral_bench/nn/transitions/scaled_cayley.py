"""The orthogonal recurrent matrix as a scaled Cayley transform: scoRNN (Helfrich, Willmott and Ye 2018)."""

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn.init import SkewInit, rotation_angles, upper_blocks
from spectral_bench.nn.transitions.skew import SkewMatrix, SkewTransition, cayley


class ScaledCayleyTransition(SkewTransition):
    """W = (I + A)⁻¹ (I − A) D, D fixed, its last ρ entries −1 and the others 1.

    Without D, −1 could be no eigenvalue of W, and large entries of A would be needed to come near it.

    Args:
        hidden_size: N.
        rho: ρ; None: half of them.
        start: one of ``SkewInit``, of the matrix before D.

    Raises:
        ValueError: the size is less than 1, ρ is not in 0..N, or the start is unknown.
    """

    signs: Tensor

    def __init__(self, hidden_size: int, rho: int | None = None, start: str = SkewInit.cayley) -> None:
        super().__init__(hidden_size)
        self.start, self.rho = start, hidden_size // 2 if rho is None else rho
        if not 0 <= self.rho <= hidden_size:
            raise ValueError(f"rho must be in 0..{hidden_size}, got {rho}")
        self.skew = SkewMatrix(self._started())
        signs = torch.ones(hidden_size)
        signs[hidden_size - self.rho :] = -1.0
        self.register_buffer("signs", signs, persistent=False)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Another matrix of the same start."""
        self.skew.upper.copy_(self._started())

    def _started(self) -> Tensor:
        return upper_blocks(torch.tan(rotation_angles(self.start, self.hidden_size) / 2), self.hidden_size)

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        skew = self.skew()
        with without_autocast(skew):
            return cayley(skew) * self.signs

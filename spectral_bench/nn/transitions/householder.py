"""The orthogonal recurrent matrix as one chain of reflectors: oRNN (Mhammedi et al. 2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from spectral_bench.linalg import MapName, compact_form, singular_map, unit_rows
from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn.constrained import ParameterKind
from spectral_bench.nn.kernels.form_choice import use_low_rank
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator
from spectral_bench.nn.model import Interval
from spectral_bench.nn.svd_init import FactoredInit, square_init
from spectral_bench.nn.transitions.transition import Transition


class HouseholderTransition(Transition):
    """W = H(row 0) H(row 1) … H(row m−1) = I − AᵀP: orthogonal whatever the parameters.

    Args:
        hidden_size: N.
        m: reflectors, 0..N; with N of them every orthogonal matrix can be reached.
        start: one of ``FactoredInit`` (``glorot`` is not orthogonal), or the orthogonal matrix to start from, (N, N).
        renormalise: scale reflectors to norm 1 after every update, as the code of Mhammedi et al. does.

    Raises:
        ValueError: m is out of range, or the start is unknown or needs more reflectors.
    """

    def __init__(
        self, hidden_size: int, m: int, *, start: str | Tensor = FactoredInit.random, renormalise: bool = True
    ) -> None:
        super().__init__()
        self.hidden_size, self.start = hidden_size, start
        self.renormalise = renormalise
        self.reflectors = nn.Parameter(self._started(m))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Other reflectors of the same start."""
        self.reflectors.copy_(self._started(len(self.reflectors)))

    def _started(self, m: int) -> Tensor:
        return square_init(self.start, self.hidden_size, m, 0, singular_map(MapName.fixed, radius=0.0)).u

    def operator(self, batch_size: int) -> Operator:
        """W as identity plus low rank where that is cheaper than dense (see ``nn.kernels.form_choice``)."""
        if not use_low_rank(self.hidden_size, len(self.reflectors), batch_size):
            return Dense(self.weight())
        rows, solved = compact_form(self.reflectors.triu())
        return LowRank(rows.new_ones(self.hidden_size), -solved.mT, rows)

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        rows, solved = compact_form(self.reflectors.triu())
        with without_autocast(rows):
            identity = torch.eye(self.hidden_size, dtype=rows.dtype, device=rows.device)
            return identity - rows.mT @ solved

    def sigma_bounds(self) -> Interval:
        """All singular values are 1."""
        return 1.0, 1.0

    @torch.no_grad()
    def constrain_(self) -> None:
        """Renormalise the reflectors, if asked to; what an optimizer left below the diagonal goes back to zero."""
        if self.renormalise:
            self.reflectors.copy_(unit_rows(self.reflectors.triu()))

    def parameter_kinds(self) -> Mapping[nn.Parameter, ParameterKind]:
        """The reflectors are of an orthogonal matrix."""
        return {self.reflectors: ParameterKind.orthogonal}

    def structural_zeros(self) -> Mapping[Tensor, int]:
        """The triangle below the diagonal."""
        m = len(self.reflectors)
        return {self.reflectors: m * (m - 1) // 2}

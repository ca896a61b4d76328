"""A trainable matrix in SVD form: what the recurrent transition, the linear layer and the parametrization share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import inf
from typing import Any, cast

import torch
from torch import Tensor, nn

from spectral_bench.linalg import (
    LowRankFactors,
    SingularMap,
    svd_low_rank,
    svd_weight,
    unit_rows,
)
from spectral_bench.linalg.checks import check_finite, check_finite_in_passing, check_tensor
from spectral_bench.nn.constrained import Constrained, ParameterKind
from spectral_bench.nn.svd_init import SVDInit


class SVDForm(Constrained, ABC):
    """What can be said of W = U diag(σ) Vᵀ, wherever its parameters live.

    Tensors (``weight``, ``sigma``, ``penalty``) are what the parameters make them, at every update and unchecked, for
    a look at values makes the host wait for the device. ``spectral_margin`` and ``in_radius`` are asked rarely, and
    refuse parameters that describe no matrix. Layers that users hold check them where that is cheap
    (``check_factors_in_passing``).

    Attributes:
        sigma_map: from the free parameters to σ.
        renormalise: whether ``constrain_`` scales reflectors back to norm 1.
    """

    sigma_map: SingularMap
    renormalise: bool = True

    @abstractmethod
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The parameters: u of shape (M1, out), v of shape (M2, in), and σ before its map, (min(out, in),)."""

    def sigma(self) -> Tensor:
        """σ, shape (min(out, in),), differentiable, in no order; some are negative if the radius exceeds the centre."""
        _, _, raw = self.factors()
        return self.sigma_map(raw)

    def weight(self) -> Tensor:
        """W, shape (out, in), differentiable."""
        u, v, raw = self.factors()
        return svd_weight(u, v, self.sigma_map(raw), check=False)

    def penalty(self) -> Tensor:
        """λ ‖σ − centre‖², a scalar to be added to the training loss; λ is 0 for every map but ``free``."""
        return self.sigma_map.penalty_of(self.sigma())

    def loss_term(self) -> Tensor | None:
        """The penalty; None where λ is 0."""
        return self.penalty() if self.sigma_map.penalty else None

    def structural_zeros(self) -> Mapping[Tensor, int]:
        """The triangles below the diagonals of u and v."""
        return {rows: _entries_below(rows) for rows in self.factors()[:2]}

    def parameter_kinds(self) -> Mapping[nn.Parameter, ParameterKind]:
        """The reflectors are of an orthogonal matrix, ``raw`` is of the spectrum."""
        kinds = (ParameterKind.orthogonal, ParameterKind.orthogonal, ParameterKind.spectrum)
        pairs = zip(self.factors(), kinds, strict=True)
        return {factor: kind for factor, kind in pairs if isinstance(factor, nn.Parameter)}

    def check_parameters(self) -> None:
        """Refuse parameters that describe no matrix. Finite entries below the diagonals are none: nothing reads them.

        Raises:
            ValueError: naming the dtype, or the first value that is not finite.
        """
        for name, factor in zip(("u", "v", "raw"), self.factors(), strict=True):
            check_tensor(name, factor)
            check_finite(name, factor)

    @torch.no_grad()
    def spectral_margin(self) -> float:
        """The largest | s_i − |σ*| | of the singular values s_i = |σ_i| of W, read off the parameters.

        Raises:
            ValueError: the parameters describe no matrix (see ``check_parameters``).
        """
        self.check_parameters()
        return float((self.sigma().abs() - abs(self.sigma_map.centre)).abs().max())

    @torch.no_grad()
    def in_radius(self, eps: float = 1e-4) -> bool:
        """Whether all singular values of W lie in reach of their map, give or take ``eps``.

        They are computed from the matrix itself, so this also says whether rounding kept what the parameters promise.
        The reach is that of |σ|: for radius 1.5 around 1 it is [0, 2.5].

        Raises:
            ValueError: the parameters describe no matrix (see ``check_parameters``).
        """
        self.check_parameters()
        smallest, largest = self.sigma_map.bounds or (0.0, inf)
        sigma = torch.linalg.svdvals(self.weight().double())
        return bool(((sigma >= smallest - eps) & (sigma <= largest + eps)).all())

    def constrain_(self) -> None:
        """To be called after an update, if at all: reflectors back to norm 1, and for map ``clip`` σ back to its edge.

        Without it W is as exact; but the norm of a reflector grows with every update and the angle of the next falls
        (docs/svd.md), and a clipped σ that went past the edge gets no gradient to come back.
        """
        if self.renormalise:
            self.renormalise_()
        self.project_()

    @torch.no_grad()
    def renormalise_(self) -> None:
        """Scale all reflectors to norm 1, which changes no value of W.

        What an optimizer that mixes the entries of a matrix (Muon), or noise, has left below the diagonals is no part
        of a reflector: it goes back to zero.
        """
        for rows in self.factors()[:2]:
            rows.copy_(unit_rows(rows.triu()))

    @torch.no_grad()
    def project_(self) -> None:
        """Put σ's parameters back to where they have a gradient (map ``clip``)."""
        _, _, raw = self.factors()
        raw.copy_(self.sigma_map.project(raw))


def _entries_below(rows: Tensor) -> int:
    """Entries below the diagonals of matrices of shape (..., M, N), M <= N."""
    m = rows.shape[-2]
    return rows.shape[:-2].numel() * (m * (m - 1) // 2)


def check_factors_in_passing(u: Tensor, v: Tensor, raw: Tensor) -> None:
    """Refuse parameters that are not finite; for the ``forward`` of layers that users hold.

    The layers that models of the command line are made of do without: the training loop looks out for NaN itself, and
    may carry on with it.

    Raises:
        ValueError: naming the parameter, the first such value and where it stands. Only where a look costs next to
            nothing: see ``check_finite_in_passing``.
    """
    for name, factor in (("u", u), ("v", v), ("raw", raw)):
        check_finite_in_passing(name, factor)


def check_when_loaded(module: nn.Module) -> None:
    """Have ``load_state_dict``, whenever it has filled this module, call its ``check_loaded``."""
    module.register_load_state_dict_post_hook(_check_loaded)  # type: ignore[no-untyped-call]


def _check_loaded(module: Any, _: object) -> None:
    module.check_loaded()


class SVDMatrix(nn.Module, SVDForm):
    """W = U diag(σ) Vᵀ of shape (out, in); U has M1 reflectors, V has M2.

    Or a stack of such matrices, of shape (L, out, in), whose factors are worked on together: then all shapes below
    begin with L.

    Args:
        start: the parameters to begin with; copied.
        sigma_map: from the free parameters to σ.
        renormalise: whether ``constrain_`` scales reflectors back to norm 1. W does not change by it; the next update
            does, whose angle otherwise falls as the norm grows (docs/svd.md).
        rescale_sigma_lr: divide the learning rate of ``raw`` by 2r, so that the step of σ does not depend on r
            (Vorontsov et al. 2017; not done in the code of Zhang et al.). For ``sigmoid``, ``tanh`` and ``sin``.

    Raises:
        ValueError: the learning rate is to be rescaled for another map.

    Attributes:
        u: parameter, shape (M1, out), upper triangular: what is below the diagonal gets no gradient and is never read.
        v: parameter, shape (M2, in), likewise.
        raw: parameter, shape (min(out, in),): σ before its map; a buffer where the map is not trained.
    """

    raw: Tensor

    def __init__(
        self, start: SVDInit, sigma_map: SingularMap, *, renormalise: bool = True, rescale_sigma_lr: bool = False
    ) -> None:
        super().__init__()
        self.sigma_map = sigma_map
        self.renormalise = renormalise
        self._sigma_lr_scale = sigma_map.lr_scale() if rescale_sigma_lr else None
        self.u = nn.Parameter(start.u.clone())
        self.v = nn.Parameter(start.v.clone())
        if sigma_map.trainable:
            self.raw = nn.Parameter(start.raw.clone())
        else:
            self.register_buffer("raw", start.raw.clone(), persistent=False)

    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The parameters u, v and raw."""
        return self.u, self.v, self.raw

    @torch.no_grad()
    def start_from(self, start: SVDInit) -> None:
        """Overwrite the parameters."""
        for factor, begin in zip(self.factors(), start, strict=True):
            factor.copy_(begin)

    @property
    def out_size(self) -> int:
        """Rows of W."""
        return self.u.shape[-1]

    @property
    def in_size(self) -> int:
        """Columns of W."""
        return self.v.shape[-1]

    @property
    def rank(self) -> int:
        """M1 + M2, the rank of what is added to the diagonal in ``low_rank``."""
        return self.u.shape[-2] + self.v.shape[-2]

    def learning_rate_scales(self) -> Mapping[nn.Parameter, float]:
        """1/(2r) for the free parameters of σ, if asked for; they are idle at r = 0."""
        return {} if self._sigma_lr_scale is None else {cast("nn.Parameter", self.raw): self._sigma_lr_scale}

    def low_rank(self) -> LowRankFactors:
        """Wᵀ as a diagonal plus a product of rank M1 + M2, differentiable."""
        return svd_low_rank(self.u, self.v, self.sigma(), check=False)

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return f"{self.out_size}×{self.in_size}, m1={self.u.shape[-2]}, m2={self.v.shape[-2]}, {self.sigma_map}"

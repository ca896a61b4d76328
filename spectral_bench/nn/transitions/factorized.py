"""U diag(σ) Vᵀ with bases that move along geodesics: the factorized RNN of Vorontsov et al. (2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from spectral_bench.linalg import SingularMap
from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.linalg.checks import check_size
from spectral_bench.nn.constrained import Constrained, ParameterKind
from spectral_bench.nn.init import MatrixInit, init_matrix, orthogonal
from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.model import Interval
from spectral_bench.nn.transitions.skew import SkewMatrix, cayley
from spectral_bench.nn.transitions.transition import Transition


class GeodesicBasis(nn.Module, Constrained):
    """An orthogonal Q that an update moves to (I + A/2)⁻¹ (I − A/2) Q, A skew-symmetric and zero before it.

    With plain gradient descent at rate η, A is η (G Qᵀ − Q Gᵀ), G the gradient by Q: the geodesic step of Vorontsov et
    al. (2017), equation 9, with the misprinted sum read as the product that it is in the paper's source. Other
    optimizers scale the entries of A first, and keep their moments from one tangent space to the next.

    A product of ten thousand such steps would drift in float32: every one of them is followed by a step of Newton and
    Schulz towards the nearest orthogonal matrix.

    Args:
        matrix: where Q starts, orthogonal, shape (N, N).
    """

    base: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("base", matrix.clone())
        self.tangent = SkewMatrix(torch.zeros_like(matrix))

    def forward(self) -> Tensor:
        """Q, shape (N, N), differentiable."""
        skew: Tensor = self.tangent()
        with without_autocast(skew):
            return cayley(0.5 * skew) @ self.base

    @torch.no_grad()
    def constrain_(self) -> None:
        """Go where the update points, and begin the next one there."""
        moved = self()
        self.base.copy_(1.5 * moved - 0.5 * moved @ (moved.mT @ moved))
        self.tangent.upper.zero_()


class TrainedSpectrum(nn.Module, Constrained):
    """Trained singular values.

    Args:
        raw: where the free parameters start, shape (N,).
        sigma_map: from the free parameters to σ.
        rescale_lr: divide their learning rate by 2r.

    Raises:
        ValueError: the learning rate is to be rescaled for a map whose step does not depend on r.
    """

    def __init__(self, raw: Tensor, sigma_map: SingularMap, *, rescale_lr: bool) -> None:
        super().__init__()
        self.sigma_map = sigma_map
        self._lr_scale = sigma_map.lr_scale() if rescale_lr else None
        self.raw = nn.Parameter(raw.clone(), requires_grad=sigma_map.trainable)

    def forward(self) -> Tensor:
        """σ, shape (N,), differentiable."""
        return self.sigma_map(self.raw)

    @torch.no_grad()
    def constrain_(self) -> None:
        """Put the parameters back to where they have a gradient (map ``clip``)."""
        self.raw.copy_(self.sigma_map.project(self.raw))

    def parameter_kinds(self) -> Mapping[nn.Parameter, ParameterKind]:
        """All of the spectrum."""
        return {self.raw: ParameterKind.spectrum}

    def learning_rate_scales(self) -> Mapping[nn.Parameter, float]:
        """1/(2r), if asked for."""
        return {} if self._lr_scale is None else {self.raw: self._lr_scale}

    def loss_term(self) -> Tensor | None:
        """λ ‖σ − centre‖²; None where λ is 0."""
        return self.sigma_map.penalty_of(self()) if self.sigma_map.penalty else None


class FactorizedTransition(Transition):
    """W = U diag(σ) Vᵀ, with U and V any orthogonal matrices: n² free numbers in all.

    Args:
        hidden_size: N.
        sigma_map: from the free parameters to σ.
        start: one of ``MatrixInit``.
        rescale_sigma_lr: divide the learning rate of σ's parameters by 2r.

    Raises:
        ValueError: the size is less than 1, the start is unknown or has singular values out of reach, or the learning
            rate is to be rescaled for a map whose step does not depend on r.
    """

    def __init__(
        self,
        hidden_size: int,
        sigma_map: SingularMap,
        *,
        start: str = MatrixInit.orthogonal,
        rescale_sigma_lr: bool = False,
    ) -> None:
        super().__init__()
        check_size("hidden_size", hidden_size)
        self.hidden_size, self.start = hidden_size, start
        left, raw, right = self._started(sigma_map)
        self.left, self.right = GeodesicBasis(left), GeodesicBasis(right)
        self.spectrum = TrainedSpectrum(raw, sigma_map, rescale_lr=rescale_sigma_lr)

    def _started(self, sigma_map: SingularMap) -> tuple[Tensor, Tensor, Tensor]:
        """U, the free parameters of σ, and V; of an orthogonal start V is a random basis, and σ lies at the centre."""
        matrix = init_matrix(self.start, self.hidden_size)
        if self.start not in (MatrixInit.glorot, MatrixInit.kaiming):
            basis = orthogonal(self.hidden_size)
            return matrix @ basis, torch.zeros(self.hidden_size), basis
        left, sigma, right = torch.linalg.svd(matrix)
        return left, sigma_map.raw_of(sigma), right.mT

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Another matrix of the same start."""
        left, raw, right = self._started(self.spectrum.sigma_map)
        for basis, begin in ((self.left, left), (self.right, right)):
            basis.base.copy_(begin)
            basis.tangent.upper.zero_()
        self.spectrum.raw.copy_(raw)

    def operator(self, batch_size: int) -> Dense:  # noqa: ARG002
        """W as it is."""
        return Dense(self.weight())

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        left, sigma, right = self.left(), self.spectrum(), self.right()
        with without_autocast(left):
            weight: Tensor = (left * sigma) @ right.mT
        return weight

    @property
    def centre(self) -> float:
        """|σ*|, for a singular value is |σ|."""
        return abs(self.spectrum.sigma_map.centre)

    def sigma_bounds(self) -> Interval | None:
        """The reach of the map, as |σ|."""
        return self.spectrum.sigma_map.bounds

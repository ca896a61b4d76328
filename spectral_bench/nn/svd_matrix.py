"""A trainable matrix in SVD form: what the recurrent transition and the linear layer have in common."""

import torch
from torch import Tensor, nn

from spectral_bench.linalg import LowRankFactors, SingularMap, svd_low_rank, svd_weight, unit_rows
from spectral_bench.nn.svd_starts import SVDStart


class SVDMatrix(nn.Module):
    """W = U diag(σ) Vᵀ of shape (out, in); U has M1 reflectors, V has M2.

    Args:
        start: the parameters to begin with; copied.
        sigma_map: from the free parameters to σ.

    Attributes:
        u: parameter, shape (M1, out), upper triangular: zeros below the diagonal stay zero, for they get no gradient.
        v: parameter, shape (M2, in), upper triangular.
        raw: parameter, shape (min(out, in),): σ before its map; a buffer where the map is not trained.
    """

    raw: Tensor

    def __init__(self, start: SVDStart, sigma_map: SingularMap) -> None:
        super().__init__()
        self.sigma_map = sigma_map
        self.u = nn.Parameter(start.u.clone())
        self.v = nn.Parameter(start.v.clone())
        if sigma_map.trainable:
            self.raw = nn.Parameter(start.raw.clone())
        else:
            self.register_buffer("raw", start.raw.clone(), persistent=False)

    @property
    def out_size(self) -> int:
        """Rows of W."""
        return self.u.shape[1]

    @property
    def in_size(self) -> int:
        """Columns of W."""
        return self.v.shape[1]

    @property
    def rank(self) -> int:
        """M1 + M2, the rank of what is added to the diagonal in ``low_rank``."""
        return self.u.shape[0] + self.v.shape[0]

    @property
    def structural_zeros(self) -> int:
        """Entries of the parameters that are zero by construction."""
        return sum(m * (m - 1) // 2 for m in (self.u.shape[0], self.v.shape[0]))

    def sigma(self) -> Tensor:
        """σ, shape (min(out, in),), in no order; some are negative if the radius exceeds the centre."""
        return self.sigma_map(self.raw)

    def weight(self) -> Tensor:
        """W, shape (out, in), differentiable."""
        return svd_weight(self.u, self.v, self.sigma(), check=False)

    def low_rank(self) -> LowRankFactors:
        """Wᵀ as a diagonal plus a product of rank M1 + M2, differentiable."""
        return svd_low_rank(self.u, self.v, self.sigma(), check=False)

    def penalty(self) -> Tensor | None:
        """λ ‖σ − centre‖², to be added to the training loss; None if λ = 0."""
        if not self.sigma_map.penalty:
            return None
        return self.sigma_map.penalty * (self.sigma() - self.sigma_map.centre).square().sum()

    @torch.no_grad()
    def spectral_margin(self) -> float:
        """The largest |σ_i − 1|, read off the parameters."""
        return float((self.sigma() - 1.0).abs().max())

    @torch.no_grad()
    def in_radius(self, eps: float = 1e-4) -> bool:
        """Whether all singular values of W lie in reach of their map, give or take ``eps``.

        They are computed from the matrix itself, so this also says whether rounding kept what the parameters promise.
        """
        return singular_values_in_reach(self.weight(), self.sigma_map, eps)

    @torch.no_grad()
    def renormalise_(self) -> None:
        """Scale all reflectors to norm 1, which changes no value of W."""
        self.u.copy_(unit_rows(self.u))
        self.v.copy_(unit_rows(self.v))

    @torch.no_grad()
    def project_(self) -> None:
        """Put raw values back to where they have a gradient (map ``clip``)."""
        self.raw.copy_(self.sigma_map.project(self.raw))

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return f"{self.out_size}×{self.in_size}, m1={self.u.shape[0]}, m2={self.v.shape[0]}, {self.sigma_map}"


def singular_values_in_reach(weight: Tensor, sigma_map: SingularMap, eps: float) -> bool:
    """Whether the singular values of a matrix are absolute values of what the map can give, to within ``eps``."""
    low, high = sigma_map.centre - sigma_map.reach, sigma_map.centre + sigma_map.reach
    smallest, largest = max(low, -high, 0.0), max(-low, high)
    sigma = torch.linalg.svdvals(weight.double())
    return bool(((sigma >= smallest - eps) & (sigma <= largest + eps)).all())

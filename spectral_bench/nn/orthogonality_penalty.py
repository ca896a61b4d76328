"""Soft orthogonality: terms of a loss, zero where a square matrix is orthogonal (Bansal, Chen and Wang, 2018)."""

from enum import StrEnum

import torch
from torch import Tensor


class OrthogonalityPenalty(StrEnum):
    """The words a configuration may use, with G = WᵀW - I.

    * ``none``: no term.
    * ``so``: soft orthogonality, ‖G‖² in the Frobenius norm.
    * ``dso``: double soft orthogonality, ‖WᵀW - I‖² + ‖WWᵀ - I‖². Of a square matrix the two are equal.
    * ``mc``: mutual coherence, the largest absolute entry of G.
    * ``srip``: spectral restricted isometry, the largest singular value of G. The paper estimates it by two steps of
      the power method from a random vector; here it is exact.
    """

    none = "none"
    so = "so"
    dso = "dso"
    mc = "mc"
    srip = "srip"


def orthogonality_penalty(name: OrthogonalityPenalty, weight_NN: Tensor) -> Tensor:
    """The term without its factor λ, a scalar, differentiable.

    Args:
        name: which.
        weight_NN: W, square.
    """
    defect_NN = _defect(weight_NN)
    match name:
        case OrthogonalityPenalty.none:
            return weight_NN.new_zeros(())
        case OrthogonalityPenalty.so:
            return defect_NN.square().sum()
        case OrthogonalityPenalty.dso:
            return defect_NN.square().sum() + _defect(weight_NN.mT).square().sum()
        case OrthogonalityPenalty.mc:
            return defect_NN.abs().max()
        case OrthogonalityPenalty.srip:
            # Of a symmetric matrix the singular values are the absolute eigenvalues, whose gradient is finite.
            eigenvalues_N: Tensor = torch.linalg.eigvalsh(defect_NN)
            return eigenvalues_N.abs().max()


def _defect(weight_NN: Tensor) -> Tensor:
    """WᵀW - I."""
    return weight_NN.mT @ weight_NN - torch.eye(len(weight_NN), dtype=weight_NN.dtype, device=weight_NN.device)

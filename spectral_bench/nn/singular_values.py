"""Singular values of a matrix as they are recorded."""

import torch
from torch import Tensor


@torch.no_grad()
def matrix_singular_values(matrix: Tensor) -> Tensor:
    """Singular values of a real or complex matrix.

    They are computed from the matrix itself and not read off a parametrization: so the same measurement serves every
    model, and a parametrization that drifts from its promise is seen.

    Args:
        matrix: shape (out, in).

    Returns:
        Shape (min(out, in),), the largest first, float64; NaN where the matrix is not finite.
    """
    if not matrix.isfinite().all():
        return matrix.new_full((min(matrix.shape),), torch.nan, dtype=torch.float64)
    values: Tensor = torch.linalg.svdvals(matrix.to(torch.complex128 if matrix.is_complex() else torch.float64))
    return values

"""Products of Householder reflectors, in compact form.

A reflector a ∈ Rⁿ stands for H(a) = I − 2 a aᵀ / ‖a‖², and a = 0 for the identity. The rows of A (m × n) stand for
H(A) = H(row 0) H(row 1) … H(row m−1). Without a loop over reflectors (derivation in docs/svd.md),

    H(A) = I − Aᵀ P,   P = S⁻¹ A,   S = striu(A Aᵀ) + ½ diag(A Aᵀ),

striu the strictly upper triangle: one triangular solve of size m, differentiable, instead of m dependent updates.
Axes in shapes: ``...`` any batch, M reflectors, N their size.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.linalg.checks import check_count, check_dtype, check_finite, check_tensor


class CompactForm(NamedTuple):
    """H(A) = I − rowsᵀ solved.

    Attributes:
        rows: the reflectors A, each scaled to a largest absolute entry of 1, shape (..., M, N).
        solved: P = S⁻¹ A, shape (..., M, N).
    """

    rows: Tensor
    solved: Tensor


def compact_form(reflectors: Tensor) -> CompactForm:
    """The compact form of H(A); values are trusted, for this runs at every update.

    Rows of any norm that float32 can hold are safe: H(a) does not change when a is scaled, so every row is first
    divided by its largest absolute entry. That divisor is a constant to autograd, and the derivative of anything
    computed from H(A) is nevertheless exact: H(a / c) = H(a) for every constant c. ``rows`` or ``solved`` alone do see
    c, and the derivative of a function of one of them is wrong. The gradient with respect to a zero row is zero.

    Runs in the precision of its argument also under autocast: orthogonality does not survive half precision.

    Args:
        reflectors: A, shape (..., M, N).

    Raises:
        ValueError: the dtype is not float32 or float64.
    """
    check_tensor("reflectors", reflectors)
    with without_autocast(reflectors):
        rows = reflectors / row_divisors(reflectors)
        solved = torch.linalg.solve_triangular(compact_triangle(rows), rows, upper=True)
    return CompactForm(rows, solved)


def row_divisors(reflectors: Tensor) -> Tensor:
    """What every row is divided by to have a largest absolute entry of 1, shape (..., M, 1); 1 for a zero row."""
    largest = reflectors.detach().abs().amax(-1, keepdim=True)
    return largest.where(largest > 0, 1.0)


def compact_triangle(rows: Tensor) -> Tensor:
    """S = striu(A Aᵀ) + ½ diag(A Aᵀ) of rows A whose norms have a square, shape (..., M, M)."""
    gram = rows @ rows.mT
    half_squares = 0.5 * gram.diagonal(dim1=-2, dim2=-1)
    # A zero row would make S singular; with any positive number in its place it drops out of the product.
    pivots = half_squares.where(half_squares > 0, 1.0)
    return gram.triu(1) + torch.diag_embed(pivots)


def reflect(vectors: Tensor, reflectors: Tensor, *, inverse: bool = False) -> Tensor:
    """H(A) x for a vector x, or for every row of a matrix, 4NM flops each.

    The vectors are data: NaN in one of them is passed on, and changes no other.

    Args:
        vectors: shape (..., N) or (..., B, N), the leading axes those of ``reflectors``.
        reflectors: A, shape (..., M, N).
        inverse: multiply by H(A)⁻¹ = H(A)ᵀ instead.

    Returns:
        The shape of ``vectors``.

    Raises:
        ValueError: shapes, batch axes or dtypes differ, M > N, or a reflector is not finite.
    """
    _check_reflectors(reflectors)
    check_tensor("vectors", vectors)
    single = vectors.ndim == reflectors.ndim - 1
    batch = vectors.unsqueeze(-2) if single else vectors
    if (
        batch.ndim != reflectors.ndim
        or batch.shape[:-2] != reflectors.shape[:-2]
        or batch.shape[-1] != reflectors.shape[-1]
        or batch.dtype != reflectors.dtype
    ):
        raise ValueError(
            "vectors (..., N) or (..., B, N) and reflectors (..., M, N) do not fit together: got "
            f"{vectors.dtype} of shape {tuple(vectors.shape)} and {reflectors.dtype} of shape {tuple(reflectors.shape)}"
        )
    rows, solved = compact_form(reflectors)
    if inverse:
        rows, solved = solved, rows
    reflected = batch - (batch @ solved.mT) @ rows
    return reflected.squeeze(-2) if single else reflected


def reflectors_to_matrix(reflectors: Tensor) -> Tensor:
    """H(A) as a matrix, shape (..., N, N).

    Args:
        reflectors: A, shape (..., M, N).

    Raises:
        ValueError: fewer than two axes, M > N, a dtype other than float32 and float64, or a value that is not finite.
    """
    _check_reflectors(reflectors)
    rows, solved = compact_form(reflectors)
    identity = torch.eye(rows.shape[-1], dtype=rows.dtype, device=rows.device)
    return identity - rows.mT @ solved


def unit_rows(reflectors: Tensor) -> Tensor:
    """The same reflectors at norm 1; zero rows stay zero, and neither tiny nor huge rows lose their direction."""
    largest = reflectors.abs().amax(-1, keepdim=True)
    rows = reflectors / largest.where(largest > 0, 1.0)
    norms: Tensor = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return rows / norms.where(norms > 0, 1.0)


def random_reflectors(m: int, size: int, dtype: torch.dtype | None = None) -> Tensor:
    """Upper triangular reflectors of random direction and norm 1, shape (m, size), from torch's global generator.

    Raises:
        ValueError: m is negative or more than ``size``, or the dtype is not float32 or float64.
    """
    check_dtype("dtype", dtype or torch.get_default_dtype())
    check_count("m", m, size)
    return unit_rows(torch.randn(m, size, dtype=dtype).triu())


def _check_reflectors(reflectors: Tensor) -> None:
    check_tensor("reflectors", reflectors)
    if reflectors.ndim < 2:
        raise ValueError(f"reflectors must have shape (..., M, N), got {tuple(reflectors.shape)}")
    check_count("m", *reflectors.shape[-2:])
    check_finite("reflectors", reflectors)

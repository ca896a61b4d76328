"""Matrices in the form W = U diag(σ) Vᵀ, with U and V products of Householder reflectors.

``u`` (M1, out) and ``v`` (M2, in) are upper triangular: row i holds the reflector that the papers call û_{n−i}, whose
first i entries are zero. U = H(u), V = H(v), and σ has min(out, in) entries: equations (7) and (17) of Zhang, Lei and
Dhillon (2018).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.linalg.checks import check_finite, check_number, check_svd_shapes, check_svd_values, check_tensor
from spectral_bench.linalg.reflectors import compact_form


class LowRankFactors(NamedTuple):
    """Wᵀ = diag(diagonal) + left @ right, the diagonal padded with zeros to (in, out).

    Attributes:
        diagonal: σ, shape (..., min(out, in)).
        left: shape (..., in, M1 + M2).
        right: shape (..., M1 + M2, out).
    """

    diagonal: Tensor
    left: Tensor
    right: Tensor


def singular_values(raw: Tensor, r: float, centre: float = 1.0, *, check: bool = True) -> Tensor:
    """σ = 2r (sigmoid(raw) − ½) + centre, elementwise in [centre − r, centre + r]: equation (8).

    For r > centre some σ may be negative; their absolute values are then the singular values of the matrix.

    Args:
        raw: the unconstrained σ̂, any shape.
        r: the sigma radius.
        centre: σ*.
        check: look at the values of ``raw`` too.

    Raises:
        ValueError: r is negative or not finite, the centre not finite, ``raw`` not float32 or float64, or (with
            ``check``) it holds NaN or infinity.
    """
    check_tensor("raw", raw)
    check_number("r", r, 0.0)
    check_number("centre", centre)
    if check and not torch.compiler.is_compiling():  # a compiled graph cannot branch on values
        check_finite("raw", raw)
    return centre + r * torch.tanh(0.5 * raw)  # 2 sigmoid(x) − 1 = tanh(x / 2), accurate near 0


def svd_weight(u: Tensor, v: Tensor, sigma: Tensor, *, check: bool = True) -> Tensor:
    """W = U diag(σ) Vᵀ as a matrix.

    Args:
        u: reflectors of U, shape (..., M1, out), upper triangular, M1 <= out.
        v: reflectors of V, shape (..., M2, in), upper triangular, M2 <= in.
        sigma: shape (..., min(out, in)).
        check: look at the values too; False leaves only the shapes to be checked, for parameters that are upper
            triangular by construction and used at every update.

    Returns:
        Shape (..., out, in).

    Raises:
        ValueError: shapes or dtypes that do not fit, or (with ``check``) values below a diagonal or not finite.
    """
    diagonal, left, right = svd_low_rank(u, v, sigma, check=check)
    with without_autocast(u):
        weight = right.mT @ left.mT
    return weight.diagonal_scatter(weight.diagonal(dim1=-2, dim2=-1) + diagonal, dim1=-2, dim2=-1)


def svd_low_rank(u: Tensor, v: Tensor, sigma: Tensor, *, check: bool = True) -> LowRankFactors:
    """The transpose of W = U diag(σ) Vᵀ as a diagonal plus a product of rank M1 + M2.

    With U = I − AᵀP, V = I − BᵀQ (compact forms of u and v) and Σ the (in × out) matrix of σ,

        Wᵀ = V Σ Uᵀ = Σ + L R,   L = [Bᵀ, −Σ Pᵀ],   R = [−Q Σ (I − PᵀA); A],

    so that ``x Wᵀ = x Σ + (x L) R`` costs 2 (in + out)(M1 + M2) flops a sample. Derivatives are exact for what depends
    on the factors through their product alone, and wrong for a function of one of them (see ``compact_form``).
    Arguments and errors are those of ``svd_weight``.
    """
    check_svd_shapes(u, v, sigma)
    if check and not torch.compiler.is_compiling():
        check_svd_values(u, v, sigma)
    # The entries below the diagonal are not parameters: triu keeps their gradient, and so the entries, at zero.
    (A, P), (B, Q) = compact_form(u.triu()), compact_form(v.triu())
    with without_autocast(u):
        q_sigma = scale_and_resize(Q, sigma, u.shape[-1])
        p_sigma = scale_and_resize(P, sigma, v.shape[-1])
        right = torch.cat([(q_sigma @ P.mT) @ A - q_sigma, A], dim=-2)
        left = torch.cat([B, -p_sigma], dim=-2).mT
    return LowRankFactors(sigma, left, right)


def scale_and_resize(rows: Tensor, sigma: Tensor, size: int) -> Tensor:
    """Rows times the rectangular diagonal of σ: (..., M, old size) to (..., M, size), the smaller size that of σ."""
    kept = rows[..., : sigma.shape[-1]] * sigma.unsqueeze(-2)
    missing = size - sigma.shape[-1]
    return torch.nn.functional.pad(kept, (0, missing)) if missing else kept

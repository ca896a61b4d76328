"""From a matrix back to its parameters: every matrix has the form U diag(σ) Vᵀ with Householder U and V.

The theorems are those of Zhang, Lei and Dhillon (2018). All of this runs in float64 and outside autograd, whatever the
precision of the argument.
"""

import torch
from torch import Tensor

from spectral_bench.linalg.checks import check_count, check_finite, check_matrix, rounding
from spectral_bench.linalg.reflectors import reflectors_to_matrix, unit_rows

#: A unit vector closer to e₁ than this counts as e₁: rounding alone leaves as much after hundreds of reflections.
_SAME = 1e-12


@torch.no_grad()
def svd_factors(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Parameters of a given matrix: ``svd_weight(*svd_factors(weight))`` is ``weight`` (theorems 1, 2 and 4).

    Args:
        weight: shape (..., out, in), any matrix.

    Returns:
        ``u`` of shape (..., k, out), ``v`` of shape (..., k, in) and ``sigma`` of shape (..., k), k = min(out, in), not
        negative and in descending order. Rows have norm 1, or are zero where nothing has to be reflected.

    Raises:
        ValueError: not a matrix, empty, not float32 or float64, not finite, or a singular value is out of range.
    """
    check_matrix(weight)
    left, sigma, right = torch.linalg.svd(weight.double(), full_matrices=False)
    u, v = reflectors_from_columns(left), reflectors_from_columns(right.mT)
    sigma = sigma.to(weight.dtype)
    check_finite("sigma", sigma)
    return u.to(weight.dtype), v.to(weight.dtype), sigma


@torch.no_grad()
def orthogonal_factors(matrix: Tensor, m1: int, m2: int) -> tuple[Tensor, Tensor]:
    """Parameters of an orthogonal matrix: H(u) H(v)ᵀ = ``matrix``, with no more reflectors than it needs (theorem 3).

    An orthogonal matrix is a product of rank(I − matrix) reflectors and of no fewer (Cartan, Dieudonné and Scherk), so
    any one has this form when m1 + m2 >= N, and the identity for all m1 and m2.

    Args:
        matrix: shape (N, N), orthogonal to 1e-4 in float32 and 3e-11 in float64; what rounding took is restored.
        m1: rows of ``u``.
        m2: rows of ``v``.

    Returns:
        ``u`` of shape (m1, N) and ``v`` of shape (m2, N), upper triangular; rows that are not needed are zero.

    Raises:
        ValueError: not square or not orthogonal, m1 or m2 outside 0..N, or m1 + m2 reflectors are too few.
    """
    check_matrix(matrix)
    size = matrix.shape[-1]
    if matrix.ndim != 2 or matrix.shape[0] != size:
        raise ValueError(f"an orthogonal matrix is square, got shape {tuple(matrix.shape)}")
    check_count("m1", m1, size)
    check_count("m2", m2, size)
    tolerance = rounding(matrix.dtype)
    left, sigma, right = torch.linalg.svd(matrix.double())
    if (off := (sigma - 1.0).abs().max().item()) > 16 * tolerance:
        raise ValueError(f"the matrix is not orthogonal: a singular value is off 1 by {off:g}")
    nearest = left @ right
    basis, moved, _ = torch.linalg.svd(torch.eye(size).to(nearest) - nearest)
    needed = int((moved > tolerance).sum())
    if needed > m1 + m2:
        raise ValueError(f"m1 + m2 = {m1 + m2} reflectors are too few: this orthogonal matrix needs {needed}")
    # Outside the span of the basis nothing moves; rounding errors there would cost extra reflectors.
    basis = basis[:, :needed]
    u, basis, remaining = _peel(basis, basis.mT @ nearest @ basis, m1)
    # What is left is H(v)ᵀ, so H(v) is its transpose.
    v, _, _ = _peel(basis, remaining.mT, m2)
    return u.to(matrix.dtype), v.to(matrix.dtype)


def reflectors_from_columns(columns: Tensor) -> Tensor:
    """Reflectors whose product begins with the given orthonormal columns.

    Householder's triangularisation with the sign that leaves +1 on the diagonal; the first entry of a reflector is then
    a difference of near numbers, computed without cancellation.

    Args:
        columns: shape (..., N, K), orthonormal.

    Returns:
        Upper triangular reflectors A, shape (..., K, N), of norm 1 or zero: H(A) begins with ``columns``.
    """
    remaining = columns.clone()
    *batch, size, count = columns.shape
    rows = columns.new_zeros(*batch, count, size)
    for j in range(count):
        rows[..., j, j:] = _to_first_axis(remaining[..., j:, j])
        _reflect_columns_(remaining[..., j:, j:], rows[..., j, j:])
    return rows


def _peel(basis: Tensor, inner: Tensor, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """At most m reflectors off the left of the orthogonal matrix I + B (C − I) Bᵀ.

    Args:
        basis: B, shape (N, K), orthonormal; turned so that its column i begins with i zeros, a combination of the
            columns from i on does, too. Reflectors of C in such coordinates are then triangular reflectors of R^N.
        inner: C, shape (K, K), orthogonal.
        m: how many reflectors there may be.

    Returns:
        Reflectors A, shape (m, N), zero where C has no more columns; and B and C of H(A)ᵀ (I + B (C − I) Bᵀ).
    """
    size, rank = basis.shape
    turn = torch.linalg.qr(basis[:rank].mT).Q
    basis, inner = basis @ turn, turn.mT @ inner @ turn
    reflectors = reflectors_from_columns(inner)[:m]
    remaining = reflectors_to_matrix(reflectors).mT @ inner if rank else inner
    rows = basis.new_zeros(m, size)
    rows[: len(reflectors)] = (reflectors @ basis.mT).triu()
    return rows, basis[:, m:], remaining[m:, m:]


def _to_first_axis(vector: Tensor) -> Tensor:
    """The reflector of norm 1 that turns a unit vector, shape (..., N), into e₁; zero if it is e₁."""
    vector = vector / torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    first, tail = vector[..., :1], vector[..., 1:]
    tail_square = tail.square().sum(-1, keepdim=True)
    reflector = torch.cat([torch.where(first > 0, -tail_square / (1.0 + first), first - 1.0), tail], dim=-1)
    is_first_axis = (first > 0) & (tail_square < _SAME**2)
    return unit_rows(reflector.masked_fill(is_first_axis, 0.0))


def _reflect_columns_(block: Tensor, reflector: Tensor) -> None:
    """H(a) times the block (..., N, K) in place, for a reflector (..., N) of norm 1 or 0."""
    block -= 2.0 * reflector.unsqueeze(-1) * (reflector.unsqueeze(-2) @ block)

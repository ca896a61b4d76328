"""Where the parameters of U diag(σ) Vᵀ start: random reflectors, or computed from a matrix.

A reflector that is zero is the identity and, its gradient being zero, stays so. What a matrix leaves unused is filled
with reflectors that cancel each other, and can be trained apart.
"""

from enum import StrEnum
from typing import NamedTuple

import torch
from torch import Tensor

from spectral_bench.linalg import MapName, SingularMap, orthogonal_factors, random_reflectors, singular_map, svd_factors
from spectral_bench.linalg.checks import check_count, check_matrix, rounding
from spectral_bench.nn.init import MatrixInit, init_matrix


class FactoredInit(StrEnum):
    """Where a product of reflectors may start: the words a configuration may use.

    * ``random``: random reflectors, those of U and of V independent.
    * ``identity``: a multiple of I, with U = V: random reflectors that cancel.
    * ``orthogonal``, ``henaff``, ``cayley``: a multiple of that orthogonal matrix (``MatrixInit``); it needs m1 + m2
      reflectors that reach the hidden size.
    * ``glorot``: exactly that matrix; it needs all reflectors and a radius that holds its singular values.
    """

    random = "random"
    identity = "identity"
    orthogonal = "orthogonal"
    henaff = "henaff"
    cayley = "cayley"
    glorot = "glorot"


class ConvertedInit(StrEnum):
    """What becomes of a weight that is put into SVD form.

    * ``weight``: exactly that weight; an error if it cannot be represented.
    * ``nearest``: the nearest weight with singular values in reach of the map: the same one, if its own are.
    * ``random``: random reflectors, and σ at the centre, or around it if that is 0.
    """

    weight = "weight"
    nearest = "nearest"
    random = "random"


class SVDInit(NamedTuple):
    """Parameters of an (out, in) matrix: reflectors ``u`` (M1, out) and ``v`` (M2, in), and ``raw`` (min(out, in),)."""

    u: Tensor
    v: Tensor
    raw: Tensor


def random_init(out_size: int, in_size: int, m1: int, m2: int) -> SVDInit:
    """Random reflectors in U and, independent of them, in V; every σ at the centre of its map.

    Raises:
        ValueError: m1 is not in 0..out, or m2 not in 0..in.
    """
    check_count("m1", m1, out_size)
    check_count("m2", m2, in_size)
    return SVDInit(random_reflectors(m1, out_size), random_reflectors(m2, in_size), torch.zeros(min(out_size, in_size)))


def spread_around_zero(start: SVDInit, sigma_map: SingularMap) -> SVDInit:
    """A random start from which a branch beside a residual connection can train.

    Where σ* is 0 the free parameters of σ are drawn from N(0, 1): at σ = 0 no layer of a branch would get a gradient.
    """
    if sigma_map.centre or not sigma_map.trainable:
        return start
    return start._replace(raw=torch.randn_like(start.raw))


@torch.no_grad()
def orthogonal_init(matrix: Tensor, m1: int, m2: int) -> SVDInit:
    """H(u) H(v)ᵀ is this orthogonal matrix; every σ at the centre of its map.

    It takes rank(I − matrix) reflectors, in U and V together: none for the identity. Those left over come in pairs of
    equal random reflectors that cancel: one in U and one in V as far as there are both, so that the identity starts
    with U = V. An odd one out is zero: the sign of the determinant forbids more.

    Args:
        matrix: shape (N, N).
        m1: reflectors of U, at most N.
        m2: reflectors of V, at most N.

    Raises:
        ValueError: the matrix is not orthogonal, or the reflectors are too few.
    """
    u, v = _fill(*orthogonal_factors(matrix, m1, m2))
    return SVDInit(u, v, matrix.new_zeros(len(matrix)))


@torch.no_grad()
def init_from(weight: Tensor, m1: int, m2: int, sigma_map: SingularMap) -> SVDInit:
    """Parameters of exactly this matrix.

    A multiple of an orthogonal matrix needs as many reflectors as ``orthogonal_init`` says. Any other matrix needs, in
    general, min(out, in) reflectors on either side.

    Args:
        weight: shape (out, in), float32 or float64.
        m1: reflectors of U, at most out.
        m2: reflectors of V, at most in.
        sigma_map: must be able to give the singular values.

    Raises:
        ValueError: the reflectors are too few, or a singular value is out of reach.
    """
    if weight.ndim != 2:
        raise ValueError(f"expected a matrix of shape (out, in), got {tuple(weight.shape)}")
    out_size, in_size = weight.shape
    check_count("m1", m1, out_size)
    check_count("m2", m2, in_size)
    sign = _sign(sigma_map)
    u, v, sigma = svd_factors(sign * weight)
    sigma *= sign
    scale = sigma.mean()
    if out_size == in_size and scale != 0 and (sigma / scale - 1.0).abs().max() <= rounding(weight.dtype):
        raw = sigma_map.raw_of(scale.expand(out_size))
        return orthogonal_init(weight / scale, m1, m2)._replace(raw=raw)
    raw = sigma_map.raw_of(sigma)
    u, v = (rows[rows.any(dim=-1)] for rows in (u, v))
    if len(u) > m1 or len(v) > m2:
        raise ValueError(f"m1 = {m1} and m2 = {m2} reflectors are too few: this matrix needs {len(u)} and {len(v)}")
    return SVDInit(_pad(u, m1), _pad(v, m2), raw)


def square_init(start: str | Tensor, size: int, m1: int, m2: int, sigma_map: SingularMap) -> SVDInit:
    """The parameters that a name or a matrix of shape (size, size) stands for.

    Raises:
        ValueError: the name is unknown, the shape is another, or the start cannot be represented.
    """
    if isinstance(start, Tensor):
        if start.shape != (size, size):
            raise ValueError(f"the matrix to start from must have shape ({size}, {size}), got {tuple(start.shape)}")
        return init_from(start, m1, m2, sigma_map)
    if start not in list(FactoredInit):
        raise ValueError(f"unknown start '{start}'; valid: {', '.join(FactoredInit)}")
    if start == FactoredInit.random:
        return random_init(size, size, m1, m2)
    matrix = init_matrix(start, size)
    if start == MatrixInit.glorot:
        return init_from(matrix, m1, m2, sigma_map)
    return orthogonal_init(matrix, m1, m2)


def converted_init(start: str, weight: Tensor, m1: int, m2: int, sigma_map: SingularMap) -> SVDInit:
    """The parameters that a weight of shape (out, in) is converted to; ``start`` is one of ``ConvertedInit``.

    Raises:
        ValueError: the name is unknown, or the weight cannot be represented.
    """
    if start not in list(ConvertedInit):
        raise ValueError(f"unknown start '{start}'; valid: {', '.join(ConvertedInit)}")
    check_matrix(weight)
    if start == ConvertedInit.random:
        found = spread_around_zero(random_init(len(weight), weight.shape[1], m1, m2), sigma_map)
        return SVDInit(*(part.to(weight) for part in found))
    return init_from(
        nearest_in_reach(weight, sigma_map) if start == ConvertedInit.nearest else weight, m1, m2, sigma_map
    )


def converted_map(name: str | None, r: float | None, centre: float | None, penalty: float, start: str) -> SingularMap:
    """How σ of a weight that is given is parametrized, where the user leaves it open.

    Without a radius σ is free, and (unless the weight is replaced by a random one) around 0: then its parameters are σ
    itself, which keeps its relative precision however small it is, and weight decay on them is that on the weight.

    Raises:
        ValueError: the name is unknown, a number is out of range, or the radius does not belong to the map.
    """
    if name is None:
        name = MapName.free if r is None else MapName.sigmoid
    if centre is None:
        centre = 0.0 if name == MapName.free and start != ConvertedInit.random else 1.0
    sigma_map = singular_map(name, r or 0.0, centre, penalty)
    if r is None and sigma_map.uses_radius:
        raise ValueError(f"map '{name}' needs a radius r")
    if r is not None and not sigma_map.uses_radius:
        raise ValueError(f"map '{name}' has no radius, got r = {r}")
    return sigma_map


@torch.no_grad()
def nearest_in_reach(weight: Tensor, sigma_map: SingularMap) -> Tensor:
    """The matrix nearest to ``weight`` (in the Frobenius norm) with singular values in reach of the map.

    Those that are not in reach go to 99 % of the radius: on the very edge a sigmoid would have no gradient left.
    """
    sign = _sign(sigma_map)
    left, sigma, right = torch.linalg.svd(weight.double(), full_matrices=False)
    sigma *= sign
    centre, reach = sigma_map.centre, sigma_map.reach
    outside = (sigma - centre).abs() - reach > rounding(weight.dtype) * (abs(centre) + reach)
    if not outside.any():
        return weight
    sigma = torch.where(outside, sigma.clamp(centre - 0.99 * reach, centre + 0.99 * reach), sigma)
    found: Tensor = (left * (sign * sigma) @ right).to(weight.dtype)
    return found


def _sign(sigma_map: SingularMap) -> float:
    """The sign to give to σ >= 0 of a decomposition, so that it lies on the side of zero where the centre does."""
    return -1.0 if sigma_map.centre < 0.0 else 1.0


def _fill(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Fills the zero rows at the end with reflectors that cancel, without changing H(u) H(v)ᵀ."""
    size = u.shape[1]
    used_u, used_v = (int(rows.any(dim=-1).sum()) for rows in (u, v))
    common = min(len(u) - used_u, len(v) - used_v)
    # A row may begin no earlier than its own index, in u and in v.
    shared = random_reflectors(size, size, u.dtype)[max(used_u, used_v) :][:common]
    u, v = u.clone(), v.clone()
    for rows, used in ((u, used_u), (v, used_v)):
        rows[used : used + len(shared)] = shared
        random = random_reflectors(size, size, u.dtype)
        for i in range(used + common, len(rows) - 1, 2):
            rows[i : i + 2] = random[i + 1]
    return u, v


def _pad(rows: Tensor, count: int) -> Tensor:
    return torch.nn.functional.pad(rows, (0, 0, 0, count - len(rows)))

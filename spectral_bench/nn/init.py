"""What a recurrent matrix may start from, by name. All draw from torch's global generator."""

import math
from collections.abc import Callable
from enum import StrEnum

import torch
from torch import Tensor, nn


class MatrixInit(StrEnum):
    """The words a configuration may use.

    * ``glorot``: uniform with variance 1/n (Glorot and Bengio 2010).
    * ``orthogonal``: uniform over the orthogonal matrices (Saxe et al. 2014).
    * ``identity``: as the IRNN of Le et al. (2015).
    * ``henaff``: 2×2 rotations by angles from (−π, π) along the diagonal (Henaff et al. 2016).
    * ``cayley``: the same with angles from (0, π/2) (Helfrich et al. 2018, before their Cayley transform).
    """

    glorot = "glorot"
    orthogonal = "orthogonal"
    identity = "identity"
    henaff = "henaff"
    cayley = "cayley"


def glorot(size: int) -> Tensor:
    """Uniform in ±√(3/n), shape (size, size)."""
    return nn.init.xavier_uniform_(torch.empty(size, size))


def orthogonal(size: int) -> Tensor:
    """A random orthogonal matrix, shape (size, size)."""
    return nn.init.orthogonal_(torch.empty(size, size))


def rotations(size: int, low: float, high: float) -> Tensor:
    """2×2 rotations by uniform angles along the diagonal, shape (size, size); an odd size ends with a 1."""
    angles = torch.empty(size // 2).uniform_(low, high)
    cosine, sine = angles.cos(), angles.sin()
    matrix = torch.eye(size)
    even = torch.arange(0, size - 1, 2)
    odd = even + 1
    matrix[even, even], matrix[odd, odd] = cosine, cosine
    matrix[even, odd], matrix[odd, even] = -sine, sine
    return matrix


_INITS: dict[MatrixInit, Callable[[int], Tensor]] = {
    MatrixInit.glorot: glorot,
    MatrixInit.orthogonal: orthogonal,
    MatrixInit.identity: torch.eye,
    MatrixInit.henaff: lambda size: rotations(size, -math.pi, math.pi),
    MatrixInit.cayley: lambda size: rotations(size, 0.0, math.pi / 2),
}


def init_matrix(name: str, size: int) -> Tensor:
    """A fresh recurrent matrix, shape (size, size).

    Raises:
        ValueError: the name is unknown.
    """
    if name not in list(MatrixInit):
        raise ValueError(f"unknown start '{name}'; valid: {', '.join(MatrixInit)}")
    return _INITS[MatrixInit(name)](size)

"""What a recurrent matrix may start from, by name. All draw from torch's global generator."""

import math
from collections.abc import Callable
from enum import StrEnum

import torch
from torch import Tensor, nn


class MatrixInit(StrEnum):
    """The words a configuration may use.

    * ``glorot``: uniform with variance 1/n (Glorot and Bengio 2010).
    * ``kaiming``: normal with variance 2/n (He et al. 2015), which keeps the size of activations through ReLU.
    * ``orthogonal``: uniform over the orthogonal matrices (Saxe et al. 2014).
    * ``identity``: as the IRNN of Le et al. (2015).
    * ``henaff``: 2×2 rotations by angles from (−π, π) along the diagonal (Henaff et al. 2016).
    * ``cayley``: the same with angles from (0, π/2) (Helfrich et al. 2018, before their Cayley transform).
    """

    glorot = "glorot"
    kaiming = "kaiming"
    orthogonal = "orthogonal"
    identity = "identity"
    henaff = "henaff"
    cayley = "cayley"


def glorot(size: int) -> Tensor:
    """Uniform in ±√(3/n), shape (size, size)."""
    return nn.init.xavier_uniform_(torch.empty(size, size))


def kaiming(size: int) -> Tensor:
    """Normal with variance 2/n, shape (size, size)."""
    return nn.init.kaiming_normal_(torch.empty(size, size))


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


class SkewInit(StrEnum):
    """What an orthogonal matrix of a skew-symmetric one may start from: 2×2 rotations along the diagonal.

    * ``henaff``: by angles from (−π, π) (Henaff et al. 2016).
    * ``cayley``: by angles from (0, π/2), as scoRNN (Helfrich et al. 2018).
    * ``identity``: by none.
    """

    henaff = "henaff"
    cayley = "cayley"
    identity = "identity"


def rotation_angles(name: str, size: int) -> Tensor:
    """The angles of a ``SkewInit``, shape (size // 2,).

    Raises:
        ValueError: the name is unknown.
    """
    if name not in list(SkewInit):
        raise ValueError(f"unknown start '{name}'; valid: {', '.join(SkewInit)}")
    low, high = {"henaff": (-math.pi, math.pi), "cayley": (0.0, math.pi / 2), "identity": (0.0, 0.0)}[name]
    return torch.empty(size // 2).uniform_(low, high)


def upper_blocks(values: Tensor, size: int) -> Tensor:
    """Values above the diagonal of 2×2 blocks along it, shape (size, size); the rest is zero."""
    matrix = torch.zeros(size, size)
    even = torch.arange(0, size - 1, 2)
    matrix[even, even + 1] = values
    return matrix


_INITS: dict[MatrixInit, Callable[[int], Tensor]] = {
    MatrixInit.glorot: glorot,
    MatrixInit.kaiming: kaiming,
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

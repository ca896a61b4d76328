"""The matrices of a feed-forward network: free, or U diag(σ) Vᵀ with the factors of all layers built together.

Axes: D input, N hidden, L layers.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from spectral_bench.linalg import SingularMap, singular_map
from spectral_bench.nn.init import MatrixInit, init_matrix
from spectral_bench.nn.model import Interval
from spectral_bench.nn.svd_init import FactoredInit, SVDInit, random_init, square_init
from spectral_bench.nn.svd_matrix import SVDMatrix


class LayerWeights(nn.Module, ABC):
    """The matrices of a network, in whatever parametrization."""

    @property
    def centre(self) -> float:
        """σ*, the singular value that the square matrices are measured against."""
        return 1.0

    @abstractmethod
    def first(self) -> Tensor:
        """The matrix that reads the inputs, shape (N, D), differentiable."""

    @abstractmethod
    def square(self) -> tuple[Tensor, ...]:
        """Those of the L layers above, each of shape (N, N), differentiable."""

    def sigma_bounds(self) -> Interval | None:
        """The smallest and the largest singular value that the square ones can have; None where they are free."""
        return None


class FreeWeights(LayerWeights):
    """Every matrix as it is.

    Args:
        input_size: D.
        hidden_size: N.
        depth: L.
        start: one of ``MatrixInit``, of the square matrices; the first is drawn by Glorot and Bengio (2010).
        centre: σ* of the square ones.

    Raises:
        ValueError: the start is unknown.
    """

    def __init__(self, input_size: int, hidden_size: int, depth: int, start: str, centre: float) -> None:
        super().__init__()
        self._centre = centre
        self.first_matrix = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden_size, input_size)))
        self.matrices = nn.ParameterList([nn.Parameter(init_matrix(start, hidden_size)) for _ in range(depth)])

    @property
    def centre(self) -> float:
        """As configured: nothing holds the matrices there."""
        return self._centre

    def first(self) -> Tensor:
        """The parameter itself."""
        return self.first_matrix

    def square(self) -> tuple[Tensor, ...]:
        """The parameters themselves."""
        return tuple(self.matrices)


class FactoredWeights(LayerWeights):
    """U diag(σ) Vᵀ for every matrix, the first one included, whose σ* is 1 (Zhang, Lei and Dhillon 2018, section 4).

    The factors of the square matrices are three parameters, stacked over the layers, from which one batched product
    makes all of them: a network of a hundred layers costs no more calls for it than one of two.

    Args:
        input_size: D.
        hidden_size: N.
        depth: L.
        m1: reflectors of every U.
        m2: reflectors of every V; of the first matrix at most D.
        sigma_map: of the square matrices. Where its centre is 0, as for the branch beside a residual connection, the
            free parameters of σ start from N(0, 1): at σ = 0 no layer of a branch would get a gradient.
        start: one of ``FactoredInit``, of the square matrices; the reflectors of the first are random.
        renormalise: scale reflectors to norm 1 after every update.
        rescale_sigma_lr: divide the learning rate of σ's parameters by 2r.

    Raises:
        ValueError: a number or a name is out of range, or the start cannot be represented.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        depth: int,
        *,
        m1: int,
        m2: int,
        sigma_map: SingularMap,
        start: str = FactoredInit.random,
        renormalise: bool = True,
        rescale_sigma_lr: bool = False,
    ) -> None:
        super().__init__()
        first_map = singular_map(sigma_map.name, sigma_map.radius, 1.0, sigma_map.penalty)
        first = random_init(hidden_size, input_size, m1, min(m2, input_size))
        self.first_matrix = SVDMatrix(first, first_map, renormalise=renormalise, rescale_sigma_lr=rescale_sigma_lr)
        starts = [_square_start(start, hidden_size, m1, m2, sigma_map) for _ in range(depth)]
        stacked = SVDInit(*(torch.stack(parts) for parts in zip(*starts, strict=True)))
        self.matrices = SVDMatrix(stacked, sigma_map, renormalise=renormalise, rescale_sigma_lr=rescale_sigma_lr)

    @property
    def centre(self) -> float:
        """|σ*|, for a singular value is |σ|."""
        return abs(self.matrices.sigma_map.centre)

    def first(self) -> Tensor:
        """Built from its factors."""
        return self.first_matrix.weight()

    def square(self) -> tuple[Tensor, ...]:
        """All built at once."""
        return self.matrices.weight().unbind()

    def sigma_bounds(self) -> Interval | None:
        """The reach of the map, as |σ|."""
        return self.matrices.sigma_map.bounds


def _square_start(start: str, size: int, m1: int, m2: int, sigma_map: SingularMap) -> SVDInit:
    found = square_init(start, size, m1, m2, sigma_map)
    spread = sigma_map.centre == 0.0 and sigma_map.trainable and start != MatrixInit.glorot
    return found._replace(raw=torch.randn(size)) if spread else found

"""The matrices of a feed-forward network: free, or U diag(σ) Vᵀ with the factors of all layers built together.

Axes: B batch, D input, N hidden, L layers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spectral_bench.linalg import SingularMap, singular_map
from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn import torch_internals
from spectral_bench.nn.activations import Activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.init import MatrixInit, init_matrix
from spectral_bench.nn.kernels.arguments import outside_autocast
from spectral_bench.nn.kernels.depth import low_rank_layers
from spectral_bench.nn.kernels.layer_factors import layer_factors
from spectral_bench.nn.kernels.layer_loop import layer_by_layer
from spectral_bench.nn.kernels.operators import Dense, LowRank
from spectral_bench.nn.model import Interval
from spectral_bench.nn.svd_init import FactoredInit, SVDInit, random_init, spread_around_zero, square_init
from spectral_bench.nn.svd_linear import factored_is_cheaper
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

    def run(
        self,
        h0_BN: Tensor,
        biases_LN: Tensor,
        activations: Sequence[Activation],
        *,
        residual: bool,
        trace: GradientTrace | None,
    ) -> Tensor:
        """The last of the states that ``layer_by_layer`` computes with the square matrices, shape (B, N)."""
        operators = [Dense(matrix_NN) for matrix_NN in self.square()]
        return layer_by_layer(h0_BN, operators, biases_LN, activations, residual=residual, trace=trace)

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

    The factors of the square matrices are three parameters, stacked over the layers: what a step needs, the matrices or
    their diagonals and low ranks, comes of batched products. A network of a hundred layers costs no more calls for that
    than one of two.

    Args:
        input_size: D.
        hidden_size: N.
        depth: L.
        m1: reflectors of every U.
        m2: reflectors of every V; of the first matrix at most D.
        sigma_map: of the square matrices; for its start where the centre is 0 see ``spread_around_zero``.
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
        matrix = self.first_matrix
        if not _trains_eagerly():
            return matrix.weight()
        sigma_K = matrix.sigma()
        (left_MD,), (right_MN,) = layer_factors(matrix.u[None], matrix.v[None], sigma_K[None])
        with without_autocast(sigma_K):
            product_ND: Tensor = right_MN.mT @ left_MD
        matrix_ND: Tensor = product_ND.diagonal_scatter(product_ND.diagonal() + sigma_K)
        return matrix_ND

    def square(self) -> tuple[Tensor, ...]:
        """All built at once."""
        return self.matrices.weight().unbind()

    def run(
        self,
        h0_BN: Tensor,
        biases_LN: Tensor,
        activations: Sequence[Activation],
        *,
        residual: bool,
        trace: GradientTrace | None,
    ) -> Tensor:
        """As that of all weights, by diagonal plus low rank where matrices are not worth their building.

        Always in the precision of the parameters: what bounds σ does not hold in half precision.
        """
        matrices = self.matrices
        (h0_BN,) = outside_autocast(biases_LN, h0_BN)
        with without_autocast(h0_BN):
            if not factored_is_cheaper(h0_BN.shape[0], matrices.in_size, matrices.out_size, matrices.rank):
                return super().run(h0_BN, biases_LN, activations, residual=residual, trace=trace)
            if _trains_eagerly() and (activation := activations[0]).bias is None:
                sigma_LN = matrices.sigma()
                factors = layer_factors(matrices.u, matrices.v, sigma_LN)
                return low_rank_layers(h0_BN, biases_LN, sigma_LN, *factors, activation, residual=residual, trace=trace)
            operators = [LowRank(*of_layer) for of_layer in zip(*matrices.low_rank(), strict=True)]
            return layer_by_layer(h0_BN, operators, biases_LN, activations, residual=residual, trace=trace)

    def sigma_bounds(self) -> Interval | None:
        """The reach of the map, as |σ|."""
        return self.matrices.sigma_map.bounds


def _trains_eagerly() -> bool:
    """Whether a backward pass by hand is of use.

    Compilers, modes, ``torch.func`` and differentiation in forward mode want operations that they know.
    """
    seen_through = (
        torch.compiler.is_compiling()
        or torch_internals.transformations_are_active()
        or torch_internals.operations_are_watched()
        or torch_internals.forward_mode_is_on()
    )
    return torch.is_grad_enabled() and not seen_through


def _square_start(start: str, size: int, m1: int, m2: int, sigma_map: SingularMap) -> SVDInit:
    found = square_init(start, size, m1, m2, sigma_map)
    return found if start == MatrixInit.glorot else spread_around_zero(found, sigma_map)

"""The recurrent matrix with bounded singular values: svdRNN (Zhang, Lei and Dhillon 2018)."""

from torch import Tensor

from spectral_bench.linalg import MapName, singular_map
from spectral_bench.nn.kernels.form_choice import use_low_rank
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator
from spectral_bench.nn.model import Interval
from spectral_bench.nn.svd_init import FactoredInit, square_init
from spectral_bench.nn.svd_matrix import SVDMatrix
from spectral_bench.nn.transitions.transition import Transition


class SVDTransition(Transition):
    """W = U diag(σ) Vᵀ, with m1 Householder reflectors in U and m2 in V.

    Args:
        hidden_size: N.
        m1: reflectors of U, 0..N.
        m2: reflectors of V, 0..N.
        r: the sigma radius: σ stays in [centre − r, centre + r]; if r exceeds the centre, σ may turn negative.
        map: how σ is parametrized, one of ``MapName``.
        centre: σ*.
        penalty: λ of the penalty λ ‖σ − centre‖², for the map ``free``.
        start: one of ``FactoredInit``, or the matrix to start from, shape (N, N).
        renormalise: scale reflectors to norm 1 after every update. W does not change; the next update does, whose angle
            otherwise falls as the norm grows (docs/svd.md).
        rescale_sigma_lr: divide the learning rate of the free parameters of σ by 2r, so that the step of σ does not
            depend on r (Vorontsov et al. 2017; not done in the code of Zhang et al.). For ``sigmoid``, ``tanh`` and
            ``sin``.

    Raises:
        ValueError: a number or a name is out of range, or the start cannot be represented.
    """

    def __init__(
        self,
        hidden_size: int,
        m1: int,
        m2: int,
        *,
        r: float,
        map: str = MapName.sigmoid,  # noqa: A002 (the word of the configuration)
        centre: float = 1.0,
        penalty: float = 0.0,
        start: str | Tensor = FactoredInit.random,
        renormalise: bool = True,
        rescale_sigma_lr: bool = False,
    ) -> None:
        super().__init__()
        sigma_map = singular_map(map, r, centre, penalty)
        self.hidden_size, self.start = hidden_size, start
        self.matrix = SVDMatrix(
            square_init(start, hidden_size, m1, m2, sigma_map),
            sigma_map,
            renormalise=renormalise,
            rescale_sigma_lr=rescale_sigma_lr,
        )

    def reset_parameters(self) -> None:
        """Other parameters of the same start."""
        m1, m2 = len(self.matrix.u), len(self.matrix.v)
        self.matrix.start_from(square_init(self.start, self.hidden_size, m1, m2, self.matrix.sigma_map))

    def operator(self, batch_size: int) -> Operator:
        """W as diagonal plus low rank where that is cheaper than dense (see ``nn.kernels.form_choice``)."""
        if use_low_rank(self.hidden_size, self.matrix.rank, batch_size):
            return LowRank(*self.matrix.low_rank())
        return Dense(self.matrix.weight())

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        return self.matrix.weight()

    @property
    def centre(self) -> float:
        """|σ*|, for a singular value is |σ|."""
        return abs(self.matrix.sigma_map.centre)

    def sigma_bounds(self) -> Interval | None:
        """The reach of the map, as |σ|."""
        return self.matrix.sigma_map.bounds

"""A linear layer whose matrix is U diag(σ) Vᵀ."""

from typing import Self

import torch
import torch.fx
from torch import Tensor, nn

from spectral_bench.linalg import MapName, SingularMap, singular_map, svd_low_rank, svd_weight
from spectral_bench.linalg.checks import check_dtype, check_flag, check_input, check_size
from spectral_bench.nn.svd_init import ConvertedInit, converted_init, converted_map, random_init, spread_around_zero
from spectral_bench.nn.svd_matrix import SVDMatrix, check_factors_in_passing, check_when_loaded

#: Reflectors of a side where the user does not say: as many as in the experiments of Zhang, Lei and Dhillon (2018).
_REFLECTORS = 16


class SVDLinear(nn.Module):
    """y = x Wᵀ + b with W = U diag(σ) Vᵀ: in the place of ``torch.nn.Linear``.

    U and V start from random reflectors, σ at the centre (around it if that is 0: W = 0 would pass no gradient on to a
    layer before it), the bias as in ``torch.nn.Linear``. Any optimizer will do;
    after an update, ``constrain_`` may be called (see there). Under autocast the matrix is built in its own precision
    and only applied in the lower one; parameters in half precision are refused.

    Args:
        in_features: size of x.
        out_features: size of y.
        bias: whether there is a b.
        m1: reflectors of U, 0..out_features; None: 16, or as many as there can be.
        m2: reflectors of V, 0..in_features; None: likewise.
        r: the sigma radius.
        map: how σ is parametrized, one of ``MapName``.
        centre: σ*; 0 for the branch beside a residual connection.
        penalty: λ of ``penalty()``, for the map ``free``.
        device: where the parameters live.
        dtype: float32 or float64.

    Raises:
        ValueError: a size, a number of reflectors, the radius, the map or the dtype is out of range.
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        m1: int | None = None,
        m2: int | None = None,
        r: float = 0.01,
        map: str = MapName.sigmoid,  # noqa: A002 (the word of the configuration)
        centre: float = 1.0,
        penalty: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_size("in_features", in_features)
        check_size("out_features", out_features)
        check_dtype("dtype", dtype or torch.get_default_dtype())
        check_flag("bias", bias)
        m1 = min(_REFLECTORS, out_features) if m1 is None else m1
        m2 = min(_REFLECTORS, in_features) if m2 is None else m2
        sigma_map = singular_map(map, r, centre, penalty)
        start = spread_around_zero(random_init(out_features, in_features, m1, m2), sigma_map)
        self.matrix = SVDMatrix(start, sigma_map)
        self.bias = nn.Parameter(_bias(in_features, out_features)) if bias else None
        if device is not None or dtype is not None:  # fake tensors cannot be moved
            self.to(device, dtype)
        check_when_loaded(self)

    @classmethod
    @torch.no_grad()
    def from_linear(
        cls,
        linear: nn.Linear,
        *,
        m1: int | None = None,
        m2: int | None = None,
        r: float | None = None,
        map: str | None = None,  # noqa: A002
        centre: float | None = None,
        penalty: float = 0.0,
        start: str = ConvertedInit.weight,
    ) -> Self:
        """The layer that computes what a trained ``torch.nn.Linear`` computes; σ may take any value unless r is given.

        Args:
            linear: the layer to convert; it is not changed, and shares nothing with the result. What is frozen in it
                (``requires_grad``) is frozen in the result.
            m1: reflectors of U; None: min(in, out), which is enough for every matrix.
            m2: reflectors of V; None: likewise.
            r: the sigma radius; None: σ is free.
            map: None: ``free`` without a radius, ``sigmoid`` with one.
            centre: σ*; None: 0 for the map ``free``, where small σ would lose digits around any other, and 1 otherwise
                or with a random start.
            penalty: λ of ``penalty()``, for the map ``free``.
            start: one of ``ConvertedInit``.

        Raises:
            ValueError: the matrix cannot be represented, or is not float32 or float64, or an argument is out of range.
            TypeError: the layer is another; ``svd_parametrize`` takes convolutions and others.
        """
        if not isinstance(linear, nn.Linear):
            raise TypeError(f"from_linear takes a torch.nn.Linear, got {linear!r}; see svd_parametrize for others")
        weight = linear.weight.detach()
        full = min(weight.shape)
        sigma_map = converted_map(map, r, centre, penalty, start)
        m1, m2 = (full if m is None else m for m in (m1, m2))
        layer = cls(linear.in_features, linear.out_features, linear.bias is not None, m1=0, m2=0, r=0.0)
        layer.matrix = SVDMatrix(converted_init(start, weight, m1, m2, sigma_map), sigma_map)
        layer.matrix.requires_grad_(linear.weight.requires_grad)
        layer.to(weight.device, weight.dtype)
        if layer.bias is not None:
            layer.bias.copy_(linear.bias)
            layer.bias.requires_grad_(linear.bias.requires_grad)
        return layer.train(linear.training)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start anew, from torch's global generator: random reflectors, σ at or around the centre, another bias."""
        m1, m2 = len(self.matrix.u), len(self.matrix.v)
        start = random_init(self.out_features, self.in_features, m1, m2)
        self.matrix.start_from(spread_around_zero(start, self.matrix.sigma_map))
        if self.bias is not None:
            self.bias.copy_(_bias(self.in_features, self.out_features))

    def check_loaded(self) -> None:
        """Refuse parameters that describe no matrix."""
        self.matrix.check_parameters()

    @property
    def in_features(self) -> int:
        """Size of x."""
        return self.matrix.in_size

    @property
    def out_features(self) -> int:
        """Size of y."""
        return self.matrix.out_size

    @property
    def weight(self) -> Tensor:
        """W, shape (out_features, in_features), built anew at every access; differentiable."""
        return self.matrix.weight()

    def forward(self, x: Tensor) -> Tensor:
        """X of shape (..., in_features) to shape (..., out_features).

        Raises:
            ValueError: x has another number of features, or (outside autocast) another dtype than the parameters; or a
                parameter of the matrix holds NaN or infinity. That is looked at on the CPU only, where nothing has to
                wait for it, and not under ``torch.compile``, ``torch.export`` or ``torch.func.vmap``: there, and from
                the bias, NaN comes out as NaN.
        """
        return svd_linear(x, *self.matrix.factors(), self.bias, self.matrix.sigma_map)

    def to_linear(self) -> nn.Linear:
        """The ``torch.nn.Linear`` of the same W and b: for deployment, ONNX, or code that knows no other layer.

        It shares nothing with this layer; ``from_linear`` leads back.
        """
        weight = self.matrix.weight().detach()
        linear = nn.Linear(
            self.in_features, self.out_features, self.bias is not None, device=weight.device, dtype=weight.dtype
        )
        linear.weight = nn.Parameter(weight, requires_grad=self.matrix.u.requires_grad)
        if self.bias is not None:
            linear.bias = nn.Parameter(self.bias.detach().clone(), requires_grad=self.bias.requires_grad)
        return linear.train(self.training)

    def sigma(self) -> Tensor:
        """σ, shape (min(in_features, out_features),), differentiable."""
        return self.matrix.sigma()

    def penalty(self) -> Tensor:
        """λ ‖σ − centre‖², a scalar to be added to the training loss (Vorontsov et al. 2017)."""
        return self.matrix.penalty()

    def spectral_margin(self) -> float:
        """The largest | s_i − |σ*| | of the singular values s_i = |σ_i| of W.

        Raises:
            ValueError: a parameter holds NaN or infinity.
        """
        return self.matrix.spectral_margin()

    def in_radius(self, eps: float = 1e-4) -> bool:
        """Whether the singular values of W itself lie within the radius, give or take ``eps``.

        Raises:
            ValueError: a parameter holds NaN or infinity.
        """
        return self.matrix.in_radius(eps)

    def constrain_(self) -> None:
        """To be called after an update, if at all: reflectors back to norm 1, and for map ``clip`` σ back to its edge.

        Without it W is as exact; but the norm of a reflector grows with every update, and the angle of the next falls.
        """
        self.matrix.constrain_()

    def extra_repr(self) -> str:
        """Shown in the printed model, with those of the matrix."""
        return f"bias={self.bias is not None}"


def _bias(in_features: int, out_features: int) -> Tensor:
    """A bias as that of ``torch.nn.Linear``."""
    bound = in_features**-0.5
    return torch.empty(out_features).uniform_(-bound, bound)


@torch.fx.wrap
def svd_linear(x: Tensor, u: Tensor, v: Tensor, raw: Tensor, bias: Tensor | None, sigma_map: SingularMap) -> Tensor:
    """``SVDLinear.forward``: one node to ``torch.fx``, which cannot trace decisions by shape and value.

    Args:
        x: input, shape (..., in).
        u: reflectors of U, shape (M1, out).
        v: reflectors of V, shape (M2, in).
        raw: σ before its map, shape (min(out, in),).
        bias: shape (out,), or None.
        sigma_map: that map.

    Raises:
        ValueError: see ``SVDLinear.forward``.
    """
    in_size, out_size = v.shape[1], u.shape[1]
    check_input(x, u)
    if x.shape[-1:] != (in_size,):
        raise ValueError(f"expected input of shape (..., {in_size}), got {tuple(x.shape)}")
    check_factors_in_passing(u, v, raw)
    sigma = sigma_map(raw)
    if not factored_is_cheaper(x.numel() // x.shape[-1], in_size, out_size, len(u) + len(v)):
        return nn.functional.linear(x, svd_weight(u, v, sigma, check=False), bias)
    diagonal, left, right = svd_low_rank(u, v, sigma, check=False)
    y = (x @ left) @ right
    scaled = x[..., : len(diagonal)] * diagonal
    y = y + nn.functional.pad(scaled, (0, out_size - len(diagonal))).to(y.dtype)
    return y if bias is None else y + bias.to(y.dtype)


def factored_is_cheaper(samples: int, in_size: int, out_size: int, rank: int) -> bool:
    """Whether x Σ + (x L) R takes fewer multiplications than building W = Σ + (L R)ᵀ and multiplying by it.

    A program that is exported must not depend on the batch it is exported with: it takes what suits a large one.
    """
    if torch.compiler.is_exporting():
        return rank * (in_size + out_size) < in_size * out_size
    return samples * rank * (in_size + out_size) < in_size * out_size * (rank + samples)

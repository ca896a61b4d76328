"""The SVD form for a weight of any module, on ``torch.nn.utils.parametrize``."""

from math import prod
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from spectral_bench.linalg import SingularMap, svd_weight
from spectral_bench.nn.svd_init import ConvertedInit, SVDInit, converted_init, converted_map, init_from
from spectral_bench.nn.svd_matrix import SVDForm, check_factors_in_passing, check_when_loaded

M = TypeVar("M", bound=nn.Module)


class SVDParametrization(nn.Module, SVDForm):
    """weight = U diag(σ) Vᵀ, folded back to its shape; the first axis of a weight stands against all others.

    ``svd_parametrize`` registers it; its parameters are then ``original0`` (u), ``original1`` (v) and ``original2``
    (σ before its map) of ``module.parametrizations.weight``.

    Args:
        shape: of the weight, two axes or more.
        sigma_map: how σ is parametrized.
        m1: reflectors of U, at most ``shape[0]``.
        m2: reflectors of V, at most the product of the other sizes.
        start: parameters to begin with instead of those of the weight that is there.
    """

    def __init__(
        self, shape: torch.Size, sigma_map: SingularMap, m1: int, m2: int, start: SVDInit | None = None
    ) -> None:
        super().__init__()
        self.shape, self.sigma_map, self.m1, self.m2 = shape, sigma_map, m1, m2
        self._start = start
        # In a tuple, for a plain attribute would make the owner a submodule of its own child.
        self._owner: tuple[nn.Module, ...] = ()
        check_when_loaded(self)

    def forward(self, u: Tensor, v: Tensor, raw: Tensor) -> Tensor:
        """The weight from its parameters.

        Raises:
            ValueError: a parameter holds NaN or infinity; looked at where ``SVDLinear.forward`` looks.
        """
        check_factors_in_passing(u, v, raw)
        return svd_weight(u, v, self.sigma_map(raw), check=False).reshape(self.shape)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Parameters of this weight: called when the parametrization is registered and when a weight is assigned.

        Raises:
            ValueError: the weight cannot be represented.
        """
        if weight.shape != self.shape:
            raise ValueError(f"the weight must have shape {tuple(self.shape)}, got {tuple(weight.shape)}")
        if self._start is not None:
            start, self._start = self._start, None
        else:
            start = init_from(weight.flatten(1), self.m1, self.m2, self.sigma_map)
        return start.u, start.v, start.raw

    def check_loaded(self) -> None:
        """Refuse parameters that describe no matrix."""
        self.check_parameters()

    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The parameters u, v and raw, where ``torch.nn.utils.parametrize`` keeps them."""
        (owner,) = self._owner
        return owner.original0, owner.original1, owner.original2  # type: ignore[return-value]

    def extra_repr(self) -> str:
        """Shown in the printed model."""
        return f"{'×'.join(map(str, self.shape))}, m1={self.m1}, m2={self.m2}, {self.sigma_map}"


def svd_parametrize(
    module: M,
    name: str = "weight",
    *,
    m1: int | None = None,
    m2: int | None = None,
    r: float | None = None,
    map: str | None = None,  # noqa: A002 (the word of the configuration)
    centre: float | None = None,
    penalty: float = 0.0,
    start: str = ConvertedInit.nearest,
) -> M:
    """Bound the singular values of a weight: of a linear layer, a convolution (flattened to (out, rest)), and others.

    ``module.parametrizations[name][0]`` then says ``sigma()``, ``spectral_margin()``, ``in_radius(eps)`` and
    ``penalty()``; its ``constrain_()`` is to be called after each update.

    Args:
        module: is changed in place, and returned.
        name: of the parameter.
        m1: reflectors of U; None: as many as every weight of this shape can be represented with.
        m2: reflectors of V; None: likewise.
        r: the sigma radius; None: σ is free.
        map: one of ``MapName``; None: ``free`` without a radius, ``sigmoid`` with one.
        centre: σ*; None: 0 for the map ``free`` unless the start is random, 1 otherwise.
        penalty: λ of ``penalty()``, for the map ``free``.
        start: one of ``ConvertedInit``.

    Raises:
        ValueError: the parameter does not exist, is parametrized already, or has fewer than two axes or another
            precision, the weight cannot be represented, or a name or number is out of range.
        TypeError: the module is one of PyTorch's recurrent layers, which would go on computing with the old weight
            (pytorch#65688); use ``SpectralRNN``.
    """
    if isinstance(module, nn.RNNBase):
        raise TypeError(
            f"{type(module).__name__} keeps a copy of its weights that ignores parametrizations: use SpectralRNN"
        )
    if parametrize.is_parametrized(module, name):
        raise ValueError(f"{name} of {type(module).__name__} is parametrized already")
    weight = dict(module.named_parameters(recurse=False)).get(name)
    if weight is None:
        raise ValueError(f"{type(module).__name__} has no parameter '{name}' of its own")
    if weight.ndim < 2:
        raise ValueError(f"{name} must have at least two axes, got shape {tuple(weight.shape)}")
    sigma_map = converted_map(map, r, centre, penalty, start)
    full = min(len(weight), prod(weight.shape[1:]))
    m1, m2 = (full if m is None else m for m in (m1, m2))
    begin = converted_init(start, weight.detach().flatten(1), m1, m2, sigma_map)
    parametrization = SVDParametrization(weight.shape, sigma_map, m1, m2, begin)
    parametrize.register_parametrization(module, name, parametrization)
    owner = cast("nn.ModuleDict", module.parametrizations)[name]
    parametrization._owner = (owner,)
    if not sigma_map.trainable:
        cast("Tensor", owner.original2).requires_grad_(False)
    return module

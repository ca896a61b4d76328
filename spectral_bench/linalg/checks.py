"""Argument checks whose errors name the argument and the offending value."""

from math import inf, isfinite
from typing import SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import autocast_enabled

#: Triangular solves and decompositions exist in these precisions only.
PRECISIONS = (torch.float32, torch.float64)


def rounding(dtype: torch.dtype) -> float:
    """Tolerance for rounding in a matrix of this precision and of norm near 1: 6e-6, or 2e-12."""
    return float(torch.finfo(dtype).eps ** 0.75)


def check_dtype(name: str, dtype: torch.dtype) -> None:
    """Refuse anything but float32 and float64.

    Raises:
        ValueError: naming the dtype.
    """
    if dtype not in PRECISIONS:
        raise ValueError(f"{name} must be float32 or float64, got {dtype!r}")


def check_tensor(name: str, tensor: Tensor) -> None:
    """Refuse what is no tensor, and anything but float32 and float64; reads no values.

    Raises:
        ValueError: naming the type or the dtype.
    """
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{name} must be a tensor, got {type(tensor).__name__}")
    check_dtype(name, tensor.dtype)


def check_input(x: Tensor, parameter: Tensor) -> None:
    """Refuse an input of another precision than the parameters', unless autocast is there to change it.

    Raises:
        ValueError: naming both dtypes, or the type of what is no tensor.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"the input must be a tensor, got {type(x).__name__}")
    if x.dtype != parameter.dtype and not autocast_enabled(x):
        raise ValueError(f"the parameters are {parameter.dtype}, but the input is {x.dtype}")


def check_size(name: str, size: int) -> None:
    """Refuse a layer without units or features.

    Raises:
        ValueError: naming the size.
    """
    if not isinstance(size, SupportsIndex) or size < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, got {size!r}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False: any text, ``"False"`` too, counts as true.

    Raises:
        TypeError: naming the value.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def check_number(name: str, value: float, low: float = -inf) -> None:
    """Refuse what is no number, infinite, NaN, or less than ``low``.

    Raises:
        ValueError: naming the value.
    """
    if not isinstance(value, SupportsFloat) or not abs(value) < inf or value < low:
        raise ValueError(f"{name} must be a finite number{'' if low == -inf else f', {low:g} or more'}, got {value!r}")


def check_matrix(matrix: Tensor) -> None:
    """Refuse what is no matrix, or batch of matrices, in a precision that can be decomposed.

    Raises:
        ValueError: naming the dtype, the shape, or the first value that is not finite.
    """
    check_tensor("the matrix", matrix)
    if matrix.ndim < 2 or 0 in matrix.shape[-2:]:
        raise ValueError(f"expected a matrix of shape (..., out, in) with no empty side, got {tuple(matrix.shape)}")
    check_finite("the matrix", matrix)


def check_finite(name: str, tensor: Tensor) -> None:
    """Refuse NaN and infinity.

    Raises:
        ValueError: naming the first such value and where it stands.
    """
    _refuse_where(~tensor.isfinite(), name, tensor, "must be finite")


def check_finite_in_passing(name: str, tensor: Tensor) -> None:
    """Refuse NaN and infinity at every forward pass, where checking costs next to nothing.

    A finite sum proves finite entries; only if it is not finite (finite entries may overflow it) are they checked one
    by one. Nothing is checked on other devices than the CPU, since the host would have to wait; nor while a graph is
    compiled or exported, which cannot branch on values; nor under ``torch.func.vmap``, which has no values.

    Raises:
        ValueError: naming the first such value and where it stands.
    """
    if torch.compiler.is_compiling() or not tensor.is_cpu:
        return
    try:
        finite = isfinite(tensor.detach().sum().item())
    except RuntimeError:  # tensors under vmap and fake tensors have no values
        return
    if not finite:
        check_finite(name, tensor)


def check_triangular(name: str, rows: Tensor) -> None:
    """Refuse reflectors whose row i does not begin with i zeros.

    Raises:
        ValueError: naming the first value below the diagonal and where it stands.
    """
    _refuse_where(rows.tril(-1) != 0, name, rows, "must be upper triangular (row i begins with i zeros)")


def check_reflectors(name: str, rows: Tensor) -> None:
    """Refuse reflectors that are not valid parameters: another precision, not finite, or not upper triangular.

    Raises:
        ValueError: naming the dtype, or the first such value and where it stands.
    """
    check_tensor(name, rows)
    check_finite(name, rows)
    check_triangular(name, rows)


def check_count(name: str, m: int, size: int) -> None:
    """Refuse a number of reflectors that is not whole or outside 0..size, and an empty size.

    Raises:
        ValueError: naming the number.
    """
    if not isinstance(m, SupportsIndex) or not 0 <= m <= size or size == 0:
        raise ValueError(
            f"{name} = {m!r} reflectors of size {size}: expected a whole number, 0 <= {name} <= size, and size >= 1"
        )


def check_svd_shapes(u: Tensor, v: Tensor, sigma: Tensor) -> None:
    """Refuse shapes, precisions and devices that do not make one matrix; reads no values, so it costs next to nothing.

    Raises:
        ValueError: naming the shapes or dtypes.
    """
    for name, tensor, axes in (("u", u, 2), ("v", v, 2), ("sigma", sigma, 1)):
        check_tensor(name, tensor)
        if tensor.ndim < axes:
            raise ValueError(f"{name} must have at least {axes} axes, got shape {tuple(tensor.shape)}")
    if not u.dtype == v.dtype == sigma.dtype or not u.device == v.device == sigma.device:
        raise ValueError(
            "u, v and sigma must share dtype and device, got "
            + ", ".join(f"{tensor.dtype} on {tensor.device}" for tensor in (u, v, sigma))
        )
    (m1, out_size), (m2, in_size) = u.shape[-2:], v.shape[-2:]
    if not u.shape[:-2] == v.shape[:-2] == sigma.shape[:-1] or sigma.shape[-1] != min(out_size, in_size):
        raise ValueError(
            "u (..., m1, out), v (..., m2, in) and sigma (..., min(out, in)) do not fit together: got shapes "
            f"{tuple(u.shape)}, {tuple(v.shape)} and {tuple(sigma.shape)}"
        )
    for name, m, size in (("m1", m1, out_size), ("m2", m2, in_size)):
        check_count(name, m, size)


def check_svd_values(u: Tensor, v: Tensor, sigma: Tensor) -> None:
    """Refuse values that cannot be parameters of U diag(σ) Vᵀ.

    Raises:
        ValueError: naming the first value that is not finite, or not zero below the diagonal.
    """
    check_reflectors("u", u)
    check_reflectors("v", v)
    check_finite("sigma", sigma)


def _refuse_where(bad: Tensor, name: str, tensor: Tensor, expected: str) -> None:
    if bad.any():
        place = tuple(bad.nonzero()[0].tolist())
        raise ValueError(f"{name} {expected}, but {name}{list(place)} = {tensor[place].item():g}")

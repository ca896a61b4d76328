"""The two forms in which a recurrence takes its matrix W. Axes: B batch, N hidden size, M reflectors of both sides."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear


class Dense(NamedTuple):
    """W itself: ``h @ weight_NN.T``, 2n² flops a sample."""

    weight_NN: Tensor


class LowRank(NamedTuple):
    """Diagonal plus low rank: Wᵀ = diag(diagonal) + left @ right, 4nm flops a sample."""

    diagonal_N: Tensor
    left_NM: Tensor
    right_MN: Tensor


Operator = Dense | LowRank


def operator_of(diagonal_N: Tensor | None, left: Tensor, right_MN: Tensor | None) -> Operator:
    """The operator of these tensors; without a diagonal and R, ``left`` is W."""
    if diagonal_N is None or right_MN is None:
        return Dense(left)
    return LowRank(diagonal_N, left, right_MN)


def tensors_of(operator: Operator) -> tuple[Tensor | None, Tensor, Tensor | None]:
    """The inverse of ``operator_of``."""
    if isinstance(operator, Dense):
        return None, operator.weight_NN, None
    return operator.diagonal_N, operator.left_NM, operator.right_MN


def apply(operator: Operator, h_BN: Tensor, bias_N: Tensor | None = None) -> Tensor:
    """``h Wᵀ (+ b)``, shape (B, N): W applied to every row of ``h_BN``."""
    if isinstance(operator, Dense):
        return linear(h_BN, operator.weight_NN, bias_N)
    scaled_BN = h_BN * operator.diagonal_N if bias_N is None else torch.addcmul(bias_N, h_BN, operator.diagonal_N)
    return torch.addmm(scaled_BN, h_BN @ operator.left_NM, operator.right_MN)


def inner_width(operator: Operator) -> int:
    """M: numbers per sample and step between the two products; 0 for the dense form."""
    return 0 if isinstance(operator, Dense) else operator.left_NM.shape[-1]


def expected_shapes(operator: Operator, hidden_size: int) -> dict[str, tuple[Tensor, tuple[int, ...]]]:
    """The operator's tensors by name, each with the shape it must have for N = ``hidden_size``."""
    n, m = hidden_size, inner_width(operator)
    shapes = ((n, n),) if isinstance(operator, Dense) else ((n,), (n, m), (m, n))
    return {name: (tensor, shape) for name, tensor, shape in zip(operator._fields, operator, shapes, strict=True)}

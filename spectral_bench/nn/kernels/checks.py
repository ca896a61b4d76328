"""What every recurrence asks of its arguments, so that nothing is ever broadcast in silence."""

from collections.abc import Mapping

import torch
from torch import Tensor


def check(x_TBD: Tensor, shapes: Mapping[str, tuple[Tensor, tuple[int, ...]]]) -> None:
    """Refuse arguments that do not fit together.

    Args:
        x_TBD: the inputs.
        shapes: every other tensor by name, with the shape it must have.

    Raises:
        ValueError: a sequence without time steps, a wrong shape, or another type than the inputs'.
    """
    if x_TBD.ndim != 3 or x_TBD.shape[0] < 1:
        raise ValueError(f"inputs must have shape (T, B, D) with T >= 1, got {tuple(x_TBD.shape)}")
    for name, (tensor, shape) in shapes.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
        if tensor.dtype != x_TBD.dtype:
            raise ValueError(f"{name} is {tensor.dtype}, but the inputs are {x_TBD.dtype}")


def outside_autocast(like: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Under ``torch.autocast``, the tensors in the type of ``like``; otherwise the tensors themselves.

    A recurrence always runs in the precision of its parameters: half precision would feed its rounding error back at
    every one of T steps.
    """
    if torch.is_autocast_enabled(like.device.type):
        return tuple(tensor.to(like.dtype) for tensor in tensors)
    return tensors

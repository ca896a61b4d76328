"""Checks of the arguments of every recurrence, so that nothing is ever broadcast silently."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import autocast_enabled


def check_arguments(x_TBD: Tensor, shapes: Mapping[str, tuple[Tensor, tuple[int, ...]]]) -> None:
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


def or_empty(gradient: Tensor | None, like: Tensor) -> Tensor:
    """An operator returns tensors only: an empty one for a gradient that was not asked for."""
    return like.new_empty(0) if gradient is None else gradient


def fake_gradients(
    tensors: Sequence[Tensor], needs: Sequence[bool], states_TBN: Tensor, traced: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What the backward pass of a gated cell returns, without values: six gradients, and norms of shape (T + 1, B)."""
    num_steps, batch_size, _ = states_TBN.shape
    found = [
        torch.empty_like(tensor, memory_format=torch.contiguous_format) if needed else states_TBN.new_empty(0)
        for tensor, needed in zip(tensors, needs, strict=True)
    ]
    first, second, third, fourth, fifth, sixth = found
    norms_TB = states_TBN.new_empty((num_steps + 1, batch_size) if traced else 0)
    return first, second, third, fourth, fifth, sixth, norms_TB


def outside_autocast(like: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Under ``torch.autocast``, the tensors in the type of ``like``; otherwise the tensors themselves.

    A recurrence always runs in the precision of its parameters: half precision would feed its rounding error back at
    every one of T steps.
    """
    if autocast_enabled(like):
        return tuple(tensor.to(like.dtype) for tensor in tensors)
    return tensors

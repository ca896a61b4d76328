"""Checks of the arguments of every recurrence, so that nothing is ever broadcast silently."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


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


def outside_autocast(like: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Under ``torch.autocast``, the tensors in the type of ``like``; otherwise the tensors themselves.

    A recurrence always runs in the precision of its parameters: half precision would feed its rounding error back at
    every one of T steps.
    """
    if torch.is_autocast_enabled(like.device.type):
        return tuple(tensor.to(like.dtype) for tensor in tensors)
    return tensors


def no_second_derivative(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For the backward pass of a kernel: refuse ``create_graph=True``.

    PyTorch's ``once_differentiable`` refuses only if the incoming gradient itself has a graph; for a loss that
    is linear in the states the second derivative would silently be zero.
    """
    computed = once_differentiable(backward)

    @wraps(backward)
    def checked(ctx: Any, *gradients: Tensor | None) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError("a recurrence can be differentiated once: backward was asked for with create_graph=True")
        return computed(ctx, *gradients)

    return checked

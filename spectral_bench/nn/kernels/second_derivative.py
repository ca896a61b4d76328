"""Gradients that can be differentiated again, for kernels whose own backward pass cannot."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def differentiable_gradients(
    function: Callable[..., Tensor | tuple[Tensor, ...]],
    arguments: Sequence[Tensor],
    gradients: Tensor | Sequence[Tensor],
) -> tuple[Tensor | None, ...]:
    """What ``torch.autograd.grad(..., create_graph=True)`` asks of a kernel: the gradients as functions.

    Args:
        function: what the kernel computes, as operations that autograd knows.
        arguments: of the function; one may have been computed from another.
        gradients: of its results.

    Returns:
        The gradient of every argument, None for one that needs none.
    """
    # Copies, so that the gradient of one argument does not go on into another that it was computed from.
    apart = [argument.view_as(argument) for argument in arguments]
    wanted = [argument for argument in apart if argument.requires_grad]
    found = iter(torch.autograd.grad(function(*apart), wanted, gradients, create_graph=True))
    return tuple(next(found) if argument.requires_grad else None for argument in apart)

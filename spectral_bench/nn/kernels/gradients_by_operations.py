"""Gradients by operations that PyTorch knows, where a backward pass by hand would not do."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spectral_bench.nn.torch_internals import has_values


def wants_operations(gradient: Tensor) -> bool:
    """Whether a gradient that is handed to a backward pass is more than one by hand can take.

    It is where the result will be differentiated again (``create_graph=True``), and where it stands for a batch of
    gradients (``is_grads_batched=True``, vectorised Jacobians).
    """
    return torch.is_grad_enabled() or not has_values(gradient)


def gradients_by_operations(
    function: Callable[..., Tensor | tuple[Tensor, ...]],
    arguments: Sequence[Tensor],
    gradients: Tensor | Sequence[Tensor],
) -> tuple[Tensor | None, ...]:
    """The gradients of what a kernel computes; differentiable where autograd asks for that.

    Args:
        function: what the kernel computes, as operations that autograd knows.
        arguments: of the function; one may have been computed from another.
        gradients: of its results.

    Returns:
        The gradient of every argument, None for one that needs none.
    """
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # Copies, so that the gradient of one argument does not go on into another that it was computed from.
        apart = [argument.view_as(argument) if create_graph else _leaf(argument) for argument in arguments]
        wanted = [argument for argument in apart if argument.requires_grad]
        found = iter(torch.autograd.grad(function(*apart), wanted, gradients, create_graph=create_graph))
    return tuple(next(found) if argument.requires_grad else None for argument in apart)


def _leaf(argument: Tensor) -> Tensor:
    return argument.detach().requires_grad_(argument.requires_grad)

"""The recurrences as operators of PyTorch's library.

A compiler takes an operator as it is. Traced instead, a loop over time would be unrolled; and its backward pass would
come out wrong without a word, for it writes into views that overlap (``buffers.overwritten``), and that does not
survive the functionalisation a trace goes through. A backward pass is traced wherever ``.backward()`` stands inside a
compiled function, and by compiled autograd. Operators also say what they return where there are no values (meta device,
fake tensors, symbolic lengths), and stay differentiable in a program that ``torch.export`` made.

A recurrence is two operators, one that runs forward and one that runs backward. Their arguments are tensors, or None,
and settings after them.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import Parameter

from spectral_bench.nn import torch_internals
from spectral_bench.nn.gradient_trace import GradientTrace


class CustomOp:
    """A function as an operator of PyTorch's library, and as the function it was.

    Args:
        name: the operator's in the library.
        function: annotated as ``torch.library.custom_op`` asks for; it changes none of its arguments.
    """

    def __init__(self, name: str, function: Callable[..., tuple[Tensor, ...]]) -> None:
        self.in_library: Any = torch.library.custom_op(f"spectral_bench::{name}", function, mutates_args=())
        self.register_fake = self.in_library.register_fake
        self._function = function

    def run(self, arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
        """The results; of the function alone where nobody has to see an operator around it.

        The first call through PyTorch's library imports the compiler: a second, and 150 MB.
        """
        are_plain = all(_is_plain(argument) for argument in arguments if isinstance(argument, Tensor))
        run = self._function if are_plain and not torch_internals.operations_are_watched() else self.in_library
        results: tuple[Tensor, ...] = run(*arguments)
        return results


def custom_op(name: str) -> Callable[[Callable[..., tuple[Tensor, ...]]], CustomOp]:
    """Make a function a ``CustomOp`` of this name."""
    return partial(CustomOp, name)


class Recurrence:
    """A recurrence over a whole sequence, differentiable once.

    Args:
        forward: the operator of ``num_tensors`` tensors, settings, and whether a backward pass may follow. It returns
            ``num_outputs`` outputs, the states first, and after them what the backward pass needs to remember.
        backward: the operator of the outputs' gradients (None for zero), the tensors, the states, what was remembered,
            the settings, which tensors need a gradient, and whether norms are wanted. It returns the gradient of every
            tensor, empty where not needed, and the norms of a trace, shape (T + 1, B), empty where not wanted.
        num_tensors: how many tensors there are.
        num_outputs: how many outputs there are.
        forgotten: the places of tensors that ``backward`` does not read: not kept alive, it is given None for them.
    """

    def __init__(
        self,
        forward: CustomOp,
        backward: CustomOp,
        num_tensors: int,
        num_outputs: int,
        forgotten: Collection[int] = (),
    ) -> None:
        self.forward, self.backward = forward, backward
        self.num_tensors, self.num_outputs, self.forgotten = num_tensors, num_outputs, forgotten
        # The functions are for eager mode: transformations of torch.func cannot see through an operator's own autograd.
        self.run: Any = _forward_function(self)
        self.run_back: Any = _backward_function(backward)
        forward.in_library.register_autograd(self.pull_back, setup_context=self.remember)
        backward.in_library.register_autograd(_refuse)

    def __call__(self, *arguments: Any, trace: GradientTrace | None = None, layer: int = 0) -> tuple[Tensor, ...]:
        """Run over all time steps.

        Args:
            arguments: tensors and settings of ``forward``, but for the last.
            trace: where the backward pass writes norms.
            layer: the layer's number there.

        Returns:
            The outputs.
        """
        needed = torch_internals.transformations_are_active() or any(
            tensor is not None and tensor.requires_grad for tensor in arguments[: self.num_tensors]
        )
        differentiable = torch.is_grad_enabled() and needed
        if torch.compiler.is_compiling():
            outputs = self.forward.in_library(*arguments, differentiable)
        else:
            outputs = self.run.apply(trace, layer, *arguments, differentiable)
        return tuple(outputs[: self.num_outputs])

    def remember(self, ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep what the backward pass needs."""
        *ctx.settings, ctx.differentiable = inputs[self.num_tensors :]
        remembered = output[self.num_outputs :]
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*remembered)
        tensors = enumerate(inputs[: self.num_tensors])
        kept = (None if place in self.forgotten else tensor for place, tensor in tensors)
        ctx.save_for_backward(*kept, output[0], *remembered)

    def pull_back(
        self, ctx: Any, *gradients: Tensor | None, trace: GradientTrace | None = None, layer: int = 0
    ) -> tuple[Tensor | None, ...]:
        """The gradients of all arguments.

        Raises:
            RuntimeError: the recurrence was run (exported, say) without gradients, and has not kept what they need.
        """
        if not ctx.differentiable:
            raise RuntimeError("this recurrence ran without gradients, under no_grad or exported so: nothing was kept")
        needs = [bool(needed) for needed in ctx.needs_input_grad[-len(ctx.settings) - 1 - self.num_tensors :]]
        needs = needs[: self.num_tensors]
        run_back = self.backward.in_library if torch.compiler.is_compiling() else self.run_back.apply
        *found, norms_TB = run_back(
            *gradients[: self.num_outputs], *ctx.saved_tensors, *ctx.settings, needs, trace is not None
        )
        if trace is not None:
            trace.norms[layer] = norms_TB
        of_tensors = (gradient if needed else None for gradient, needed in zip(found, needs, strict=True))
        return *of_tensors, *[None] * (len(ctx.settings) + 1)


def _forward_function(recurrence: Recurrence) -> type[Function]:
    class RunForward(Function):
        @staticmethod
        def forward(trace: GradientTrace | None, layer: int, *arguments: Any) -> tuple[Tensor, ...]:  # noqa: ARG004
            return recurrence.forward.run(arguments)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
            ctx.trace, ctx.layer, *arguments = inputs
            recurrence.remember(ctx, tuple(arguments), output)

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
            return None, None, *recurrence.pull_back(ctx, *gradients, trace=ctx.trace, layer=ctx.layer)

        @staticmethod
        def vmap(info: Any, in_dims: tuple[Any, ...], *arguments: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
            return _one_after_the_other(RunForward.apply, info.batch_size, in_dims, arguments)

    return RunForward


def _backward_function(operator: CustomOp) -> type[Function]:
    class RunBackward(Function):
        @staticmethod
        def forward(*arguments: Any) -> tuple[Tensor, ...]:
            return operator.run(arguments)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
            """Nothing is kept."""

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> None:
            _refuse(ctx, *gradients)

        @staticmethod
        def vmap(info: Any, in_dims: tuple[Any, ...], *arguments: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
            return _one_after_the_other(RunBackward.apply, info.batch_size, in_dims, arguments)

    return RunBackward


def _is_plain(tensor: Tensor) -> bool:
    return type(tensor) in (Tensor, Parameter) and torch_internals.has_values(tensor)


def _refuse(*_: object) -> None:
    raise RuntimeError("a recurrence can be differentiated once, and this would be its second derivative")


def _one_after_the_other(
    run: Callable[..., tuple[Tensor, ...]], size: int, in_dims: tuple[Any, ...], arguments: tuple[Any, ...]
) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
    """The rule of ``torch.vmap``: every element of the mapped axis by itself."""
    results = [
        run(
            *(
                argument.select(dim, index) if isinstance(argument, Tensor) and isinstance(dim, int) else argument
                for argument, dim in zip(arguments, in_dims, strict=True)
            )
        )
        for index in range(size)
    ]
    return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0,) * len(results[0])

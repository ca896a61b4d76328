"""Recurrent layers on top of each other. Axes: T time, B batch, D input, N hidden size."""

import warnings
from collections.abc import Sequence
from typing import SupportsFloat

import torch
from torch import Tensor, nn

from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.packing import Packing
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.model import State


class RecurrentStack(nn.Module):
    """Layers, each reading the states of the one below.

    Args:
        layers: at least one, bottom first.
        dropout: probability with which a state is dropped on its way to the next layer; nothing is dropped below the
            first layer or above the last.

    Raises:
        ValueError: no layers, or the dropout is not in [0, 1].
    """

    def __init__(self, layers: Sequence[Layer], dropout: float = 0.0) -> None:
        super().__init__()
        if not layers:
            raise ValueError("a stack needs at least one layer, got none")
        if dropout and len(layers) == 1:
            warnings.warn(f"dropout {dropout} acts between layers, and there is only one", stacklevel=2)
        self.layers = nn.ModuleList(layers)
        self.dropout = dropout

    @property
    def dropout(self) -> float:
        """Probability with which a state is dropped on its way to the next layer.

        Raises:
            ValueError: what is assigned is not in [0, 1].
        """
        return self._dropout

    @dropout.setter
    def dropout(self, probability: float) -> None:
        if isinstance(probability, bool) or not isinstance(probability, SupportsFloat) or not 0.0 <= probability <= 1.0:
            raise ValueError(f"dropout must be a number in [0, 1], got {probability!r}")
        self._dropout = probability

    def forward(
        self,
        x_TBD: Tensor,
        state: State | None = None,
        trace: GradientTrace | None = None,
        packing: Packing | None = None,
    ) -> tuple[Tensor, State]:
        """Run all layers over all time steps.

        Args:
            x_TBD: inputs of the bottom layer, shape (T, B, D).
            state: where every layer begins; None: at its own h_0.
            trace: where the backward pass writes the gradient norms of every layer, under its index.
            packing: of layers that take one: how sequences are packed in the rows of ``x``, which then is of shape
                (S, D), and its states of shape (S, N).

        Returns:
            The states of the top layer, shape (T, B, N), and the final state of every layer.

        Raises:
            ValueError: there are more or fewer states than layers.
        """
        # torch.compile would unroll a loop, over time or over the lengths of packed sequences: minutes for hundreds of
        # turns, and nothing gained.
        run = self._run
        if torch.compiler.is_compiling():
            loops = not all(getattr(layer, "one_operator", False) for layer in self.layers)
            if loops or trace is not None or packing is not None:
                run = torch.compiler.disable(run)  # type: ignore[no-untyped-call]
        return run(x_TBD, state, trace, packing)

    def _run(
        self, x_TBD: Tensor, state: State | None, trace: GradientTrace | None, packing: Packing | None
    ) -> tuple[Tensor, State]:
        if state is not None and len(state) != len(self.layers):
            raise ValueError(f"expected a state for each of {len(self.layers)} layers, got {len(state)}")
        packed = () if packing is None else (packing,)
        final: State = []
        for index, layer in enumerate(self.layers):
            if index:
                x_TBD = nn.functional.dropout(x_TBD, self.dropout, self.training)
            x_TBD, last = layer(x_TBD, None if state is None else state[index], trace, index, *packed)
            final.append(last)
        return x_TBD, final

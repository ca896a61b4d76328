"""Two recurrent layers that read the same inputs in both directions. Axes: T time, B batch, D input, N hidden."""

from typing import cast

import torch
from torch import Tensor, nn

from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.packing import Packing
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.recurrent import RecurrentLayer


class BidirectionalLayer(Layer):
    """One layer from the beginning to the end, one from the end to the beginning; their states side by side.

    The state is that of both, ``(h, h_reverse)``, each after its own last step. A trace numbers them as
    ``torch.nn.RNN`` does, ``2 * index`` and ``2 * index + 1``; t counts the steps that a direction has made.

    Args:
        forwards: the first.
        backwards: the second, of the same input size.
    """

    one_operator = True

    def __init__(self, forwards: RecurrentLayer, backwards: RecurrentLayer) -> None:
        super().__init__()
        self.directions = nn.ModuleList((forwards, backwards))
        self.hidden_size = forwards.hidden_size + backwards.hidden_size

    def forward(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
        packing: Packing | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """As ``RecurrentLayer.forward``."""
        forwards, backwards = self.directions
        h, h_reverse = (None, None) if state is None else (state[:1], state[1:])
        onward, last = forwards(x_TBD, h, trace, 2 * index, packing)
        back, last_reverse = backwards(_reversed(x_TBD, packing), h_reverse, trace, 2 * index + 1, packing)
        return torch.cat((onward, _reversed(back, packing)), dim=-1), (*last, *last_reverse)

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """W of both directions, detached, shape (N, N)."""
        return {
            name: cast("RecurrentLayer", layer).recurrent_matrices()[""]
            for name, layer in zip(("forwards", "backwards"), self.directions, strict=True)
        }


def _reversed(steps: Tensor, packing: Packing | None) -> Tensor:
    """The steps of every sequence from its own end to its beginning."""
    return steps.flip(0) if packing is None else steps.index_select(0, packing.reversed_rows.to(steps.device))

"""A recurrence over sequences of different lengths, packed as ``torch.nn.utils.rnn.PackedSequence`` packs them.

No step is made that is not one of a sequence. The longest sequences come first, so that those which are still running
at a step are the first of the batch, and the rows of all steps between two ends are a block (steps, sequences) as they
lie. The recurrence runs over one block after the other. Sequences of one length are one block.

Axes: S rows of all steps of all sequences, K time steps of a block, B batch, D input, N hidden.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from spectral_bench.nn.activations import Activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.operators import Operator
from spectral_bench.nn.kernels.recurrence import recurrence


@dataclass(frozen=True)
class Packing:
    """Which row is which step of which sequence.

    Attributes:
        batch_sizes: sequences still running at every step, shape (T,), never more than at the step before.
        sorted_indices: for each sequence of the packed order its place in the caller's; None: the same.
    """

    batch_sizes: Tensor
    sorted_indices: Tensor | None

    @classmethod
    def of(cls, packed: PackedSequence) -> "Packing":
        """That of a packed sequence."""
        return cls(packed.batch_sizes, packed.sorted_indices)

    @cached_property
    def blocks(self) -> list[tuple[int, int]]:
        """Steps and sequences of every block."""
        return [(len(list(steps)), size) for size, steps in groupby(self.batch_sizes.tolist())]

    @cached_property
    def reversed_rows(self) -> Tensor:
        """The rows in the order in which every sequence, for itself, runs from its end to its beginning.

        Applied twice, it changes nothing.
        """
        sizes = self.batch_sizes
        begins = sizes.cumsum(0) - sizes
        lengths = (sizes.unsqueeze(1) > torch.arange(int(sizes[0]))).sum(0)
        step = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        sequence = torch.arange(len(step)) - begins[step]
        return begins[lengths[sequence] - 1 - step] + sequence


def packed_recurrence(
    x_SD: Tensor,
    packing: Packing,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    operator: Operator,
    activation: Activation,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor]:
    """``recurrence`` over packed sequences.

    Args:
        x_SD: inputs.
        packing: how they are packed.
        h0_BN: the initial states, in the packed order, as the final ones are.
        input_weight_ND: M.
        bias_N: b.
        operator: W.
        activation: φ.
        trace: where the backward pass writes norms of shape (T + 1, B), in the caller's order of sequences; zero after
            the end of each.
        index: the layer's number in the trace.

    Returns:
        The states, shape (S, N), and those after the last step of each sequence, shape (B, N).

    Raises:
        ValueError: as of ``recurrence``.
    """
    norms_TB = None
    if trace is not None and torch.is_grad_enabled():
        norms_TB = trace.norms[index] = bias_N.new_zeros(len(packing.batch_sizes) + 1, len(h0_BN))
    states, ended, first, h_BN = [], [], 0, h0_BN
    # Split at once: every slice by itself would have a gradient as long as all rows.
    rows = torch.split(x_SD, [steps * size for steps, size in packing.blocks])
    for x_block, (steps, size) in zip(rows, packing.blocks, strict=True):
        if size < len(h_BN):
            h_BN, done_BN = torch.split(h_BN, [size, len(h_BN) - size])
            ended.append(done_BN)
        window = None if norms_TB is None else _Window(norms_TB, first, packing.sorted_indices)
        x_KBD = x_block.reshape(steps, size, -1)
        states_KBN, h_BN = recurrence(x_KBD, h_BN, input_weight_ND, bias_N, operator, activation, window)
        states.append(states_KBN.flatten(0, 1))
        first += steps
    if len(states) == 1:
        return states[0], h_BN
    return torch.cat(states), torch.cat((h_BN, *reversed(ended)))


class _Window(GradientTrace):
    """The trace of a block, which writes into that of all.

    The state between two blocks belongs to both. The backward pass comes to the earlier one last, which knows all of
    its gradient.

    Args:
        norms_TB: of all steps and sequences.
        first: the step before the block.
        order: places of the sequences.
    """

    def __init__(self, norms_TB: Tensor, first: int, order: Tensor | None) -> None:
        super().__init__()
        self.norms = _Rows(norms_TB, first, order)


class _Rows(dict[int, Tensor]):
    def __init__(self, norms_TB: Tensor, first: int, order: Tensor | None) -> None:
        super().__init__()
        self.norms_TB, self.first, self.order = norms_TB, first, order

    def __setitem__(self, _: int, norms_KB: Tensor) -> None:
        steps, size = norms_KB.shape
        columns = slice(size) if self.order is None else self.order[:size]
        self.norms_TB[self.first : self.first + steps, columns] = norms_KB

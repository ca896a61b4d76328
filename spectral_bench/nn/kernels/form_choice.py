"""Which form of the recurrent matrix is cheaper, as measured; ``docs/kernels.md`` has the measurements."""

import torch

#: Flops per state entry (per 6 of a training step) that the scaling and the second pass over the states amount to.
_PER_ENTRY = 40
#: The same for the calls a low-rank step makes beyond a dense one, whatever their size; divided by n·B.
_PER_STEP = 120_000
#: Below this rank a product is no cheaper: it is bound by reading the states.
_LEAST_RANK = 16


def use_low_rank(hidden_size: int, rank: int, batch_size: int) -> bool:
    """Whether diagonal plus low rank is cheaper than dense for a training step.

    A time step costs 6·n²·B flops in dense form (forward, backward, weight gradient) and 12·n·rank·B in low-rank form.
    The low-rank form also makes more calls and passes over the states more often. In units of 6·n·B flops, with both
    overheads fitted to measured times of n from 32 to 512 and B from 4 to 128, it pays when

        2·max(rank, 16) + 40 + 120000/(n·B) < n.

    A program that is exported must not depend on the batch it is exported with: it takes what suits a large one.

    Args:
        hidden_size: n.
        rank: m1 + m2.
        batch_size: B.
    """
    if torch.compiler.is_exporting():
        return 2 * max(rank, _LEAST_RANK) + _PER_ENTRY < hidden_size
    low_rank = 2 * max(rank, _LEAST_RANK) + _PER_ENTRY + _PER_STEP / (hidden_size * max(1, batch_size))
    return low_rank < hidden_size

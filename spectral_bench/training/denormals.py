"""Numbers too small for full precision (below 1.2e-38 in float32), which Intel processors compute with very slowly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

#: PyTorch divides an operation among its threads if each gets as many elements as this.
_LEAST_SHARE = 1 << 15

#: The bits of 1e-40 in single precision.
_DENORMAL = 71362


@contextmanager
def flushing_denormals(wanted: bool) -> Iterator[None]:
    """In this block, denormal numbers count as zero, or do not; afterwards it is as before.

    A vanishing gradient is full of them: a ``gru`` on addition at T = 400 takes ten times as long with them. It is a
    state of the processor for the calling thread and the threads it starts; where there is no such state, nothing
    happens. The threads among which PyTorch divides an operation are started by the first that is large enough and
    keep their state: the block has to begin before that.
    """
    before = flushes_denormals()
    torch.set_flush_denormal(wanted)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def flushes_denormals() -> bool:
    """Whether denormal numbers count as zero in this thread now; PyTorch can set this and not tell it."""
    return bool(torch.tensor(1e-40) * torch.tensor(1.0) == 0.0)


def treatment_of_denormals() -> Literal["flushed", "kept", "mixed"]:
    """What all threads among which an operation is divided make of denormal numbers now; ``mixed``: they differ."""
    # By its bits: the number itself would be flushed on its way into the tensor.
    bits = torch.full((torch.get_num_threads() * _LEAST_SHARE,), _DENORMAL, dtype=torch.int32)
    zero = bits.view(torch.float32).mul_(1.0) == 0.0
    if zero.all():
        return "flushed"
    return "mixed" if zero.any() else "kept"

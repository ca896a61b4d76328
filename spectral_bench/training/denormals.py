"""Numbers too small for full precision (below 1.2e-38 in float32), which Intel processors compute with very slowly."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def flushing_denormals(wanted: bool) -> Iterator[None]:
    """In this block, denormal numbers count as zero, or do not; afterwards it is as before.

    A vanishing gradient is full of them: a ``gru`` on addition at T = 400 takes ten times as long with them. It is a
    state of the processor for the calling thread and the threads it starts; where there is no such state, nothing
    happens.
    """
    before = flushes_denormals()
    torch.set_flush_denormal(wanted)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def flushes_denormals() -> bool:
    """Whether denormal numbers count as zero now; PyTorch can set this and not tell it."""
    return bool(torch.tensor(1e-40) * torch.tensor(1.0) == 0.0)

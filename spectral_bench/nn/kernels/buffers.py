"""Memory for the kernels: what is as long as the sequence, and how much of it is worked on at a time."""

import ctypes
import sys
from collections.abc import Sequence

from torch import Tensor

# Numbers in a working buffer: 2 MB of float32. Half and twice as many were measured to be slower.
_CHUNK_ELEMENTS = 2**19
# Rows that a product over time and batch needs to run near the machine's rate.
_CHUNK_ROWS = 256

_HUGE_PAGE = 2**21
_HUGE_PAGES_FROM = 2 * _HUGE_PAGE
_MADV_HUGEPAGE = 14


def chunks(num_steps: int, batch_size: int, width: int) -> list[tuple[int, int]]:
    """Ranges ``(first, last)`` of time steps that are worked on together, in the order of time.

    Args:
        num_steps: T.
        batch_size: B.
        width: numbers per sample and step in the widest working buffer.
    """
    rows = max(_CHUNK_ELEMENTS // width, _CHUNK_ROWS)
    size = max(1, rows // max(1, batch_size))
    return [(first, min(first + size, num_steps)) for first in range(0, num_steps, size)]


def sequence(shape: Sequence[int], like: Tensor) -> Tensor:
    """An uninitialised tensor, time first, for a whole sequence, of the type and on the device of ``like``.

    Memory of this size comes fresh from the system at every update, and faulting it in by pages of 4 KB took a third
    of a forward pass (n = 128, T = 784). As NumPy does, ask Linux for huge pages; it may decline, which costs time
    only.
    """
    tensor = like.new_empty(shape)
    size = tensor.numel() * tensor.element_size()
    if _madvise is not None and tensor.device.type == "cpu" and size >= _HUGE_PAGES_FROM:
        start = -(-tensor.data_ptr() // _HUGE_PAGE) * _HUGE_PAGE
        end = (tensor.data_ptr() + size) // _HUGE_PAGE * _HUGE_PAGE
        _madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_HUGEPAGE)
    return tensor


def overwritten(shape: Sequence[int], like: Tensor) -> Tensor:
    """A tensor of the same shape whose time steps all share the memory of one: each overwrites the last."""
    return like.new_empty(shape[1:]).expand(*shape)


_madvise = ctypes.CDLL(None).madvise if sys.platform == "linux" else None

"""Memory for the kernels: tensors as long as the sequence, and the chunks in which they are processed."""

import mmap
from collections.abc import Sequence
from math import prod

from torch import Tensor

from spectral_bench.nn.kernels.memory_pool import Pool

# Numbers in a working buffer: 2 MB of float32. Half and twice as many were measured to be slower.
_CHUNK_ELEMENTS = 2**19
# On a GPU a chunk costs launches, and nothing is gained by a small one: 16 MB.
_CHUNK_ELEMENTS_GPU = 2**22
# Rows that a product over time and batch needs to run near the machine's rate.
_CHUNK_ROWS = 256

# Below this many bytes, page faults do not matter.
_POOLED_FROM = 2**22
_POOL = Pool() if hasattr(mmap, "MAP_ANONYMOUS") else None


def chunks(num_steps: int, batch_size: int, width: int, *, on_gpu: bool = False) -> list[tuple[int, int]]:
    """Ranges ``(first, last)`` of time steps that are processed together, in order of time.

    Args:
        num_steps: T.
        batch_size: B.
        width: numbers per sample and step in the widest working buffer.
        on_gpu: whether the buffers are a GPU's.
    """
    rows = max((_CHUNK_ELEMENTS_GPU if on_gpu else _CHUNK_ELEMENTS) // width, _CHUNK_ROWS)
    size = max(1, rows // max(1, batch_size))
    return [(first, min(first + size, num_steps)) for first in range(0, num_steps, size)]


def sequence(shape: Sequence[int], like: Tensor) -> Tensor:
    """An uninitialised tensor, time first, for a whole sequence, of the type and on the device of ``like``.

    On a CPU what is large comes from a pool (see ``memory_pool.py``).
    """
    if _POOL is None or like.device.type != "cpu" or prod(shape) * like.element_size() < _POOLED_FROM:
        return like.new_empty(shape)
    return _POOL.empty(shape, like.dtype)


def overwritten(shape: Sequence[int], like: Tensor) -> Tensor:
    """A tensor of the same shape whose time steps all share the memory of one: each overwrites the last."""
    return like.new_empty(shape[1:]).expand(*shape)

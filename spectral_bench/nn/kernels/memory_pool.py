"""Memory that outlives the tensors in it.

A recurrence keeps tens to hundreds of megabytes of a sequence, and an allocator returns blocks of that size to the
system as soon as they are free. The next update allocates them again and pays for every page fault: a quarter of a
training step at n = 128, T = 784. Here a block stays mapped when its tensor is gone, and the next update reuses it.
"""

import mmap
import threading
import weakref
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

#: Requests after which a free block is released: an update of a deep stack makes some dozens.
_PATIENCE = 256


class _Free(NamedTuple):
    """A block, and how many requests there had been when it became free."""

    block: mmap.mmap
    since: int


class Pool:
    """Blocks of memory, leased for as long as a tensor lives, or any view of it.

    Leased and free blocks together never exceed the largest amount leased at once: a new block replaces those that have
    been free for longest. A block that has not been requested for long is released at the next request.
    """

    def __init__(self) -> None:
        self._free: list[_Free] = []
        self._leased = self._most_leased = 0
        self._requests = 0
        # Reentrant: a garbage collection inside the lock may end a lease in the same thread.
        self._lock = threading.RLock()

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """An uninitialised CPU tensor of at least one number.

        Raises:
            MemoryError: the system has no block of that size left.
        """
        count = prod(shape)
        block = self._take(count * dtype.itemsize)
        # The tensor holds the view, not the block; when the last tensor is gone, so is the view.
        lease = memoryview(block)
        weakref.finalize(lease, self._give_back, block).atexit = False
        # Shaped in place: autograd forbids detaching a view or changing it in place.
        return torch.frombuffer(lease, dtype=dtype, count=count).resize_(tuple(shape))

    def _take(self, size: int) -> mmap.mmap:
        with self._lock:
            self._requests += 1
            self._free = [free for free in self._free if self._requests - free.since <= _PATIENCE]
            fitting = [free for free in self._free if size <= len(free.block) <= 2 * size]
            if fitting:
                chosen = min(fitting, key=lambda free: (len(free.block), -free.since))
                self._free.remove(chosen)
                block = chosen.block
            else:
                self._make_room(size)
                block = _mapped(size)
            self._leased += len(block)
            self._most_leased = max(self._most_leased, self._leased)
            return block

    def _make_room(self, size: int) -> None:
        """Release free blocks, the oldest first, until another of ``size`` does not exceed the largest total."""
        room = max(self._most_leased - self._leased - size, 0)
        while sum(len(free.block) for free in self._free) > room:
            del self._free[0]

    def _give_back(self, block: mmap.mmap) -> None:
        with self._lock:
            self._leased -= len(block)
            self._free.append(_Free(block, self._requests))


def _mapped(size: int) -> mmap.mmap:
    try:
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError(f"cannot allocate memory: {size} bytes") from error

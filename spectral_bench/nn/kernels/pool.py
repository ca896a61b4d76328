"""Memory that outlives the tensors in it.

What a recurrence keeps of a sequence is tens to hundreds of megabytes, and an allocator gives memory of that size back
to the system as soon as it is free. The next update gets it anew, and pays for every page: 16 ms of a 48 ms forward
pass in pages of 4 KB (n = 128, T = 784), and half of a training step where the system is a guest that must ask its host
for them. Here a block stays mapped when its tensor is gone, and the next update finds it.
"""

import contextlib
import mmap
import threading
import weakref
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

#: Huge pages, as NumPy asks for: faulting in the first update's memory takes a fifth of the time.
_HUGE_PAGES: int | None = getattr(mmap, "MADV_HUGEPAGE", None)

#: Requests after which a free block goes: an update of a deep stack makes some dozens.
_PATIENCE = 256


class _Free(NamedTuple):
    """A block, and how many requests there had been when it became free."""

    block: mmap.mmap
    since: int


class Pool:
    """Blocks of memory, leased for as long as a tensor lives, or any view of it.

    A request that no free block fits says that sizes have changed, and all free blocks go back to the system; so does,
    at the next request, a block that nobody wanted for long. What is still free then is what the last updates used.
    """

    def __init__(self) -> None:
        self._free: list[_Free] = []
        self._requests = 0
        self._lock = threading.Lock()

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
        storage = torch.frombuffer(lease, dtype=dtype, count=count).untyped_storage()
        # Not a view of that tensor: autograd lets nobody detach or change a view in place.
        return torch.empty(0, dtype=dtype).set_(storage).resize_(tuple(shape))

    def _take(self, size: int) -> mmap.mmap:
        with self._lock:
            self._requests += 1
            wanted = [free for free in self._free if self._requests - free.since <= _PATIENCE]
            fitting = [free for free in wanted if size <= len(free.block) <= 2 * size]
            chosen = min(fitting, key=lambda free: (len(free.block), -free.since), default=None)
            self._free[:] = [free for free in wanted if free is not chosen] if chosen else []
            if chosen:
                return chosen.block
        try:
            block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError(f"cannot allocate memory: {size} bytes") from error
        if _HUGE_PAGES is not None:
            with contextlib.suppress(OSError):  # a kernel may have none, which costs time only
                block.madvise(_HUGE_PAGES)
        return block

    def _give_back(self, block: mmap.mmap) -> None:
        self._free.append(_Free(block, self._requests))

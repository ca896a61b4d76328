"""Memory that outlives the tensors in it.

What a recurrence keeps of a sequence is tens to hundreds of megabytes, and an allocator gives memory of that size back
to the system as soon as it is free. The next update gets it anew, and pays for every page: 16 ms of a 48 ms forward
pass in pages of 4 KB (n = 128, T = 784), and half of a training step where the system is a guest that must ask its host
for them. Here a block stays mapped when its tensor is gone, and the next update finds it.
"""

import mmap
import threading
import weakref
from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

#: Huge pages, as NumPy asks for: faulting in the first update's memory takes a fifth of the time.
_HUGE_PAGES: int | None = getattr(mmap, "MADV_HUGEPAGE", None)


class Pool:
    """Blocks of memory, leased for as long as a tensor lives, or any view of it.

    What is free between two updates is at most what the last one used: a request that no free block fits says that
    sizes have changed, and all free blocks go back to the system.
    """

    def __init__(self) -> None:
        self._free: list[mmap.mmap] = []
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
        weakref.finalize(lease, self._free.append, block).atexit = False
        return torch.frombuffer(lease, dtype=dtype, count=count).view(*shape)

    def _take(self, size: int) -> mmap.mmap:
        with self._lock:
            fitting = [block for block in self._free if size <= len(block) <= 2 * size]
            if fitting:
                block = min(fitting, key=len)
                self._free.remove(block)
                return block
            self._free.clear()
        try:
            block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError(f"cannot allocate memory: {size} bytes") from error
        if _HUGE_PAGES is not None:
            block.madvise(_HUGE_PAGES)
        return block

"""``torch.autocast`` on any device: there are some (meta) that have none, and refuse even to be asked about it.

What must not lose precision runs outside it: orthogonality does not survive half precision.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def autocast_enabled(like: Tensor) -> bool:
    """Whether autocast is on for the device of ``like``."""
    device = like.device.type
    return _has_autocast(device) and torch.is_autocast_enabled(device)


def without_autocast(like: Tensor) -> AbstractContextManager[object]:
    """A context in which operations on the device of ``like`` keep the precision of their arguments."""
    device = like.device.type
    if not _has_autocast(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)


def _has_autocast(device: str) -> bool:
    # The compiler of PyTorch 2.11 cannot trace the question. Of the devices it compiles for, meta alone has none.
    return device != "meta" if torch.compiler.is_compiling() else torch.amp.is_autocast_available(device)

"""``torch.autocast`` on any device: there are some (meta) that have none, and refuse even to be asked about it.

What must not lose precision runs outside it: orthogonality does not survive half precision.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def autocast_enabled(like: Tensor) -> bool:
    """Whether autocast is on for the device of ``like``."""
    device = like.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def without_autocast(like: Tensor) -> AbstractContextManager[object]:
    """A context in which operations on the device of ``like`` keep the precision of their arguments."""
    device = like.device.type
    if not torch.amp.is_autocast_available(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)

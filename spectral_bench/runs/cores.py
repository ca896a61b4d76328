"""How many cores this process may use, and how many of them are free."""

import os

import psutil
import torch

#: As many threads as PyTorch chose when the process began: one run must not decide for the next.
DEFAULT_THREADS = torch.get_num_threads()


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_cores() -> int:
    """Cores that nobody computed on in the last minute, at least one; as many as there are where that is unknown."""
    return max(1, usable_cores() - round(_load()))


def _load() -> float:
    """Processes that computed at a time in the last minute."""
    try:
        return float(psutil.getloadavg()[0])
    except OSError:
        return 0.0

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


def too_many(threads: int) -> str | None:
    """A warning of more threads than there are cores; None: they are not more."""
    cores = usable_cores()
    if threads <= cores:
        return None
    return f"{threads} threads on {_counted(cores)} wait for each other, and are slower than fewer."


def busy() -> str | None:
    """A warning of a load that exceeds the cores; None: it does not.

    The load of a host says nothing where its scheduler gave this process cores of its own.
    """
    cores, load = usable_cores(), _load()
    if round(load) > cores == os.cpu_count():
        return (
            f"the load of this machine is {load:.1f} on {_counted(cores)}: training beside other work may take many "
            "times as long."
        )
    return None


def free_cores() -> int:
    """Cores that nobody computed on in the last minute, at least one; as many as there are where that is unknown."""
    return max(1, usable_cores() - round(_load()))


def _counted(cores: int) -> str:
    return "1 core" if cores == 1 else f"{cores} cores"


def _load() -> float:
    """Processes that computed at a time in the last minute."""
    try:
        return float(psutil.getloadavg()[0])
    except OSError:
        return 0.0

"""Peak memory of a training step: of a separate process, as the system counts it, or of a GPU, as PyTorch does.

``python -m spectral_bench.bench.peak_memory NAME HIDDEN_SIZE LENGTH BATCH_SIZE INPUT_SIZE M1 M2 THREADS`` prints bytes.
"""

import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import torch

from spectral_bench.bench.contenders import contenders
from spectral_bench.bench.setting import Setting

_STATUS = Path("/proc/self/status")
#: Writing 5 here resets the peak to the present use, so that building a contender does not count.
_RESET = Path("/proc/self/clear_refs")


def peak_memory(name: str, setting: Setting, threads: int) -> int | None:
    """Bytes by which the first training step raises the peak memory of its process.

    Args:
        name: of a contender.
        setting: its sizes.
        threads: of PyTorch.

    Returns:
        None if the system does not report it (anything but Linux).

    Raises:
        RuntimeError: the process failed; the message has the last line of its output.
    """
    if not _STATUS.exists():
        return None
    arguments = [name, *(str(number) for number in (*astuple(setting), threads))]
    command = [sys.executable, "-m", "spectral_bench.bench.peak_memory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(f"peak memory of {name} was not measured: {lines[-1]}")
    return int(done.stdout)


def peak_memory_of_gpu(name: str, setting: Setting, device: torch.device) -> int:
    """Bytes by which the first training step raises the peak memory of a GPU, as PyTorch's allocator counts it."""
    with device:
        step = contenders(setting)[name]()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    step()
    return torch.cuda.max_memory_allocated(device) - before


def _measure(name: str, setting: Setting, threads: int) -> int:
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    step = contenders(setting)[name]()
    _RESET.write_text("5", encoding="ascii")
    before = _kilobytes("VmRSS")
    step()
    return (_kilobytes("VmHWM") - before) * 1024


def _kilobytes(field: str) -> int:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise RuntimeError(f"{_STATUS} has no {field}")


if __name__ == "__main__":
    _, contender, *numbers = sys.argv
    *sizes, num_threads = map(int, numbers)
    print(_measure(contender, Setting(*sizes), num_threads))

"""The parts of ``spectral-bench bench``, in a file that the command line can read without PyTorch."""

from enum import StrEnum


class BenchPart(StrEnum):
    """What can be timed alone; the sweeps are those over n, m and T."""

    sizes = "sizes"
    recurrences = "recurrences"
    depth = "depth"
    sweeps = "sweeps"

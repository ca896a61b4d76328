import os
from pathlib import Path

# Before torch is imported, and for every process that a test starts: pytest-xdist starts as many workers as there are
# cores, and two threads of each, waiting for each other on busy cores, are far slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from faults.tally import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets. Where SPECTRAL_BENCH_DATA names one, a test that needs it is never skipped."""
    folder = os.environ.get("SPECTRAL_BENCH_DATA")
    if folder is None:
        pytest.skip("SPECTRAL_BENCH_DATA is not set")
    path = Path(folder)
    assert path.is_dir(), f"SPECTRAL_BENCH_DATA={folder} is not a folder"
    return path

import os
from pathlib import Path

import pytest
import torch
from faults.tally import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]


@pytest.fixture(scope="session", autouse=True)
def _one_thread_per_worker() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets. Where SPECTRAL_BENCH_DATA names one, a test that needs it is never skipped."""
    folder = os.environ.get("SPECTRAL_BENCH_DATA")
    if folder is None:
        pytest.skip("SPECTRAL_BENCH_DATA is not set")
    path = Path(folder)
    assert path.is_dir(), f"SPECTRAL_BENCH_DATA={folder} is not a folder"
    return path

import os
import subprocess
from pathlib import Path

# Before torch is imported, and for every process that a test starts: pytest-xdist starts as many workers as there are
# cores, and two threads of each, waiting for each other on busy cores, are far slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from command_line import Run, exit_code
from faults.tally import pytest_terminal_summary
from fuzzing import VARIABLE
from hypothesis import HealthCheck, settings

__all__ = ["pytest_terminal_summary"]

# A busy machine fails no example, and all changes are tried on the same ones. Others are drawn where more are wanted.
settings.register_profile(
    "spectral-bench",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=VARIABLE not in os.environ,
)
settings.load_profile("spectral-bench")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets. Where SPECTRAL_BENCH_DATA names one, a test that needs it is never skipped."""
    folder = os.environ.get("SPECTRAL_BENCH_DATA")
    if folder is None:
        pytest.skip("SPECTRAL_BENCH_DATA is not set")
    path = Path(folder)
    assert path.is_dir(), f"SPECTRAL_BENCH_DATA={folder} is not a folder"
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of runs that were read is this test's alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process, in an empty folder, as in a window of so many columns (None: unknown)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, columns: int | None = 80) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()  # what a test printed before is no part of it
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", "" if columns is None else str(columns))
            code = exit_code(*arguments)
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)

    return run

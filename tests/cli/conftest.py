import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Run
from web_server import server

__all__ = ["server"]


@pytest.fixture
def spectral_bench(tmp_path: Path) -> Run:
    """Runs the command line in a process of its own, in an empty folder, 80 columns wide; warnings are errors."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
        settings = {**os.environ, "COLUMNS": "80", **environment}
        return subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=120)

    return run

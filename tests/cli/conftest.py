import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from web_server import server

from spectral_bench.cli.app import main

__all__ = ["server"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def spectral_bench(tmp_path: Path) -> Run:
    """Runs the command line in a process of its own, in an empty folder, 80 columns wide; warnings are errors."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
        settings = {**os.environ, "COLUMNS": "80", **environment}
        return subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Like ``spectral_bench``, but in this process: for the many cases that need no process of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["spectral-bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return subprocess.CompletedProcess(arguments, code if isinstance(code, int) else 0, captured.out, captured.err)

    return run

"""The command line, called in the process of the tests."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from spectral_bench.cli.app import main

#: What a test calls with the words of a command line.
Run = Callable[..., subprocess.CompletedProcess[str]]


def exit_code(*arguments: str) -> int:
    """Runs ``spectral-bench`` with these words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["spectral-bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return code if isinstance(code, int) else 0

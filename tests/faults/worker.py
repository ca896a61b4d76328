"""What the kill tests do in a process that they can kill."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from small_runs import only_run, runs_in, small_config

from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import CompleteError, reopened

#: Audited just before they happen: a process killed at the nth of them is killed between any two steps of a write.
FILE_EVENTS = ("open", "os.rename", "os.truncate", "os.remove", "os.mkdir")


def work(results: Path, overrides: list[str], kill_at_event: int | None, count: Path) -> None:
    """Run, or go on with the run that is there; kill this process just before its nth file operation, or count them."""
    torch.set_num_threads(1)
    seen = 0

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in FILE_EVENTS and str(arguments[0]).startswith(str(results)):
            seen += 1
            if seen == kill_at_event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)
    if runs_in(results):
        with suppress(CompleteError), reopened(only_run(results)) as run:
            run.go_on()
    else:
        execute(prepare(small_config(results, *overrides)), overrides)
    count.write_text(str(seen))

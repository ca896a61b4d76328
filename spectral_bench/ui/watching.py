"""Draw again and again what runs write, while they go on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectral_bench.records.run_record import Run

#: Cursor to the upper left, and everything below it erased: no flicker, and what stood above stays in the history.
_HOME = "\x1b[H\x1b[J"


def watch(draw: Callable[[], Sequence[Run]], seconds: float) -> None:
    """Call ``draw`` every so many seconds, on a screen wiped before, until no run of those it returns goes on.

    A run that was killed looks as if it went on, but for its age: Ctrl-C ends the watch, and is no error.
    """
    from spectral_bench.records.running_runs import progress_of

    wipes = sys.stdout.isatty()
    try:
        while True:
            if wipes:
                sys.stdout.write("\x1b[2J" + _HOME)
            runs = draw()
            progress = progress_of(runs)
            now = datetime.now().astimezone().strftime("%H:%M:%S")
            typer.echo(f"{now}: {progress or 'no run goes on'}")
            sys.stdout.flush()
            if progress is None:
                return
            time.sleep(seconds)
    except KeyboardInterrupt:
        typer.echo("")

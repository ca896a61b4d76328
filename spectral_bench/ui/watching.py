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


#: Seconds after the end of a run for which a grid may take to begin the next.
_BETWEEN_POINTS = 15.0


def watch(draw: Callable[[], Sequence[Run]], seconds: float) -> None:
    """Call ``draw`` every so many seconds, on a screen wiped before, until no run of those it returns goes on.

    While there is none it waits for the first, and after the last for another point of a grid. A run that was killed
    looks as if it went on, but for its age: Ctrl-C ends the watch, and is no error.
    """
    wipes = sys.stdout.isatty()
    going_at: float | None = None
    try:
        while True:
            if wipes:
                sys.stdout.write("\x1b[2J" + _HOME)
            runs = draw()
            going, now = sum(run.status == "running" for run in runs), time.monotonic()
            going_at = now if going else going_at
            ends = bool(runs) and (going_at is None or now - going_at >= _BETWEEN_POINTS)
            typer.echo(f"{datetime.now().astimezone():%H:%M:%S}: {_summary(len(runs), going, ends=ends)}")
            sys.stdout.flush()
            if ends:
                return
            time.sleep(seconds)
    except KeyboardInterrupt:
        typer.echo("")


def _summary(runs: int, going: int, *, ends: bool) -> str:
    if ends:
        return "no run goes on."
    if going:
        return f"{going} run{'s' * (going > 1)} going on; Ctrl-C ends the watch."
    return f"{'no run goes on' if runs else 'no run yet'}, waiting for another; Ctrl-C ends the watch."

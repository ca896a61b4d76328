"""The screen of ``spectral-bench status``: runs by state, those at work with their progress, and stale claims."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.box import HORIZONTALS
from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.table import Table
from rich.text import Text

from spectral_bench.records.run_states import RunState, run_states, stale_claims
from spectral_bench.report.numbers import NOTHING, counted, duration, number
from spectral_bench.runs.owner import Owner

#: Seconds between two looks of ``--watch``.
_INTERVAL = 2.0

#: In this order; others come behind.
_ORDER = ("running", "completed", "diverged", "interrupted", "killed", "failed", "damaged")


def show_run_states(paths: Sequence[Path], console: Console, *, watch: bool) -> None:
    """Print how the runs at or below the paths stand; with ``watch`` again and again, until Ctrl-C.

    Raises:
        InputError: a path does not exist.
    """
    if not watch:
        console.print(_status(paths), highlight=False)
        return
    if not console.is_terminal:
        for _ in _forever():
            console.print(_status(paths), highlight=False)
        return
    with Live(_status(paths), console=console, auto_refresh=False) as live:
        for _ in _forever():
            live.update(_status(paths), refresh=True)


def _forever(sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    while True:
        sleep(_INTERVAL)
        yield


def _status(paths: Sequence[Path]) -> RenderableType:
    states = run_states(paths)
    stale = stale_claims(paths, states)
    parts: list[RenderableType] = [_by_state(states)]
    running = [state for state in states if state.status == "running"]
    if running:
        parts.append(_running(running))
    killed = sum(state.status == "killed" for state in states)
    if killed:
        parts.append(Text(f"{killed:,} killed without a word: resume, or the grid started again, goes on."))
    if stale:
        claims = "1 claim of a process that is" if len(stale) == 1 else f"{len(stale):,} claims of processes that are"
        parts.append(Text(f"{claims} gone; whoever comes next takes over:"))
        parts += [Text(f"  {file.name}: {_words(owner)}", style="dim") for file, owner in stale.items()]
    return Group(*parts)


def _by_state(states: Sequence[RunState]) -> Table:
    total = sum(state.bytes for state in states)
    title = Text(f"{counted(len(states), 'run')}, {decimal(total)}", style="bold")
    table = Table("status", title=title, title_justify="left", box=HORIZONTALS)
    table.add_column("runs", justify="right")
    table.add_column("disk", justify="right")
    for status in _ORDER:
        those = [state for state in states if state.status == status]
        if those:
            table.add_row(status, f"{len(those):,}", decimal(sum(state.bytes for state in those)))
    return table


def _running(states: Sequence[RunState]) -> Table:
    """How far each run is, and below its id who works on it; in 80 columns no id is broken."""
    table = Table(title=Text("at work", style="bold"), title_justify="left", box=HORIZONTALS)
    table.add_column("run", min_width=max(len(state.directory.name) for state in states))
    for head in ("updates", "validation", "left"):
        table.add_column(head, justify="right", no_wrap=True)
    for state in states:
        at, place = state.progress, "/".join(state.directory.parts[-3:-1])
        run = Text.assemble(state.directory.name, "\n", (f"{place}: {_words(state.owner)}", "dim"))
        steps = NOTHING if at is None else f"{at.step:,}/{at.total_steps:,}"
        left = NOTHING if at is None or at.seconds_left is None else duration(at.seconds_left)
        table.add_row(run, steps, number(None if at is None else at.validation), left)
    return table


def _words(owner: Owner | None) -> str:
    return "an unknown process" if owner is None else str(owner)

"""``spectral-bench run -m``: every point of a grid, one after the other."""

from __future__ import annotations

import os
import shlex
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from spectral_bench.errors import SpectralBenchError
from spectral_bench.ui.one_run import completed_run, load_point, run_point, show_instead
from spectral_bench.ui.unexpected import TRACEBACK_VARIABLE, told_in_a_line

if TYPE_CHECKING:
    from rich.console import Console


def run_grid(
    overrides: list[str],
    config_dir: Path | None,
    console: Console,
    *,
    print_config: bool,
    dry_run: bool,
    resume: bool,
    quiet: bool,
    sinks: Sequence[str],
) -> None:
    """Run every point of a grid; a point that fails does not stop the others.

    Args:
        overrides: what was typed, grid included.
        config_dir: a folder of the user's own files.
        console: where to show progress and results.
        print_config: show the configuration of every point instead.
        dry_run: show the plan of every point instead.
        resume: continue unfinished runs, and skip completed points.
        quiet: nothing but results.
        sinks: names of sinks that every run writes to.

    Raises:
        InputError: the grid itself is wrong, or every point of it; or a sink is unknown or not installed.
        typer.Exit: when a point did not finish: with the exit code they share if it is one, else 1.
    """
    from spectral_bench.config.compose import expand_grid
    from spectral_bench.runs.interruption import exit_code
    from spectral_bench.runs.sinks import open_sinks
    from spectral_bench.ui.run_summary import StoppedEarly

    open_sinks(sinks, lambda _: None)  # one that is missing shows before anything trains
    points = expand_grid(overrides, config_dir)
    failures: dict[str, str] = {}
    codes: set[int] = set()
    first_error: SpectralBenchError | None = None
    # All points are composed before the first one trains, so that a typo shows at once.
    ready = []
    for point in points:
        try:
            ready.append((shlex.join(point), load_point(point, config_dir)))
        except SpectralBenchError as error:
            first_error = first_error or error
            failures[shlex.join(point)] = str(error)
            codes.add(error.exit_code)
            typer.echo(f"Error: {shlex.join(point)}: {error}", err=True)
    if first_error and not ready:
        raise first_error
    for number, (name, loaded) in enumerate(ready, 1):
        if not quiet:
            console.rule(f"{number} of {len(ready)}: {name}", align="left", style="dim")
        stopped_by: str | None = None
        try:
            if resume and (done := completed_run(loaded)) is not None:
                typer.echo(f"Done already: {done}")
            elif not show_instead(loaded, console, print_config=print_config, dry_run=dry_run):
                stopped_by = run_point(loaded, console, resume=resume, quiet=quiet, sinks=sinks)
        except StoppedEarly as stopped:
            stopped_by = stopped.cause
            failures[name] = f"stopped by {stopped_by}"
            codes.add(stopped.exit_code)
        except SpectralBenchError as error:
            failures[name] = str(error)
            codes.add(error.exit_code)
            typer.echo(f"Error: {error}", err=True)
        except Exception as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                traceback.print_exc()
            failures[name] = told_in_a_line(error)
            codes.add(1)
            typer.echo(f"Error: {failures[name]}", err=True)
        if stopped_by is not None and stopped_by != "train.max_minutes":  # a signal is meant for the whole grid
            failures |= {name: "not begun" for name, _ in ready[number:]}
            codes.add(exit_code(stopped_by))
            break
    if failures:
        _show_failures(failures, len(points), console)
        raise typer.Exit(codes.pop() if len(codes) == 1 else 1)


def _show_failures(failures: dict[str, str], total: int, console: Console) -> None:
    table = Table("point", "what happened", title=f"{len(failures)} of {total} did not finish", title_justify="left")
    for name, message in failures.items():
        table.add_row(Text(name), Text(message))
    console.print(table)

"""``spectral-bench run -m``: every point of a grid, one after the other."""

from __future__ import annotations

import shlex
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from spectral_bench.cli.one_run import completed_run, load_cell, run_cell, show_instead
from spectral_bench.errors import SpectralBenchError

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
) -> None:
    """Run every cell of a grid; a cell that fails does not stop the others.

    Args:
        overrides: what was typed, grid included.
        config_dir: a folder of the user's own files.
        console: where to show progress and results.
        print_config: show the configuration of every cell instead.
        dry_run: show the plan of every cell instead.
        resume: go on with unfinished runs, and leave out cells that are done.
        quiet: nothing but results.

    Raises:
        InputError: the grid itself is wrong, or every cell of it.
        typer.Exit: when a cell did not finish: with the exit code they share if it is one, else 1.
    """
    from spectral_bench.cli.results import StoppedEarly
    from spectral_bench.config.compose import expand_grid
    from spectral_bench.runs.interruption import exit_code

    cells = expand_grid(overrides, config_dir)
    failures: dict[str, str] = {}
    codes: set[int] = set()
    first_error: SpectralBenchError | None = None
    # All cells are composed before the first one trains: a typing error shows at once and not in the middle of a night.
    ready = []
    for cell in cells:
        try:
            ready.append((shlex.join(cell), load_cell(cell, config_dir)))
        except SpectralBenchError as error:
            first_error = first_error or error
            failures[shlex.join(cell)] = str(error)
            codes.add(error.exit_code)
            typer.echo(f"Error: {shlex.join(cell)}: {error}", err=True)
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
                stopped_by = run_cell(loaded, console, resume=resume, quiet=quiet)
        except StoppedEarly as stopped:
            stopped_by = stopped.cause
            failures[name] = f"stopped by {stopped_by}"
            codes.add(stopped.exit_code)
        except SpectralBenchError as error:
            failures[name] = str(error)
            codes.add(error.exit_code)
            typer.echo(f"Error: {error}", err=True)
        except Exception as error:
            failures[name] = f"{type(error).__name__}: {error}"
            codes.add(1)
            traceback.print_exc()
        if stopped_by is not None and stopped_by != "train.max_minutes":  # a signal is meant for the whole grid
            failures |= {name: "not begun" for name, _ in ready[number:]}
            codes.add(exit_code(stopped_by))
            break
    if failures:
        _show_failures(failures, len(cells), console)
        raise typer.Exit(codes.pop() if len(codes) == 1 else 1)


def _show_failures(failures: dict[str, str], total: int, console: Console) -> None:
    table = Table("cell", "what happened", title=f"{len(failures)} of {total} did not finish", title_justify="left")
    for name, message in failures.items():
        table.add_row(Text(name), Text(message))
    console.print(table)

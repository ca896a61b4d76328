"""``spectral-bench resume``: go on with a run that was stopped, or train a complete one further."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.readers import outliving_readers
from spectral_bench.cli.run import title

if TYPE_CHECKING:
    from rich.console import Console


def resume(
    run_dir: Annotated[Path, typer.Argument(help="The directory of the run.", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OVERRIDES]...",
            help="train.steps or train.epochs, to be raised; data_dir or train.max_minutes.",
            show_default=False,
        ),
    ] = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
) -> None:
    """Go on with a run from its last checkpoint, as if it had never stopped."""
    from rich.console import Console

    with outliving_readers():
        go_on(run_dir, overrides or [], Console(), quiet=quiet)


def go_on(run_dir: Path, overrides: list[str], console: Console, *, quiet: bool) -> None:
    """Go on with a run, show it, and show the result.

    Raises:
        SpectralBenchError: the run cannot be taken up, or the training diverged.
        StoppedEarly: the run was stopped before its end.
    """
    from spectral_bench.cli.display import open_display
    from spectral_bench.cli.results import show_end
    from spectral_bench.runs.resume import CompleteError, reopened

    try:
        with reopened(run_dir, overrides) as run:
            for warning in run.warnings:
                typer.echo(f"Warning: {warning}", err=True)
            if not quiet:
                typer.echo(f"Going on after {run.from_step:,} updates: {run_dir}")
            with open_display(console, title(run.prepared.config), quiet=quiet) as display:
                result = run.go_on([display])
    except CompleteError as complete:
        typer.echo(str(complete))
        return
    show_end(result, console)

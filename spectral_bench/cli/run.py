"""``spectral-bench run``: train one model on one task, or every point of a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.completion import complete_override
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.sink_option import Sinks, chosen_sinks
from spectral_bench.runs.interruption import ending_on_signals
from spectral_bench.ui.broken_pipe import outliving_readers


def run(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OVERRIDES]...",
            help="What to change, KEY=VALUE: model=rnn, task.length=200, experiment=pixel_mnist.",
            autocompletion=complete_override,
            show_default=False,
        ),
    ] = None,
    *,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="Run every point of a grid: model=rnn,svdrnn seed=1,2,3.")
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show the configuration and where it comes from, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the data, build the model, show their size, and stop.")
    ] = False,
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", help="A folder of your own files, laid out like conf/.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with an unfinished run of exactly this configuration, if there is one."),
    ] = False,
    sink: Sinks = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
    _plugins: Plugins = None,
) -> None:
    """Train a model on a task, watch it, and keep everything.

    A run writes a directory of its own, results/TASK/MODEL/RUN_ID.
    """
    typed = overrides or []
    with outliving_readers(), ending_on_signals():
        from rich.console import Console

        from spectral_bench.ui.one_run import load_point, run_point, show_instead

        console = Console()
        sinks = [] if print_config or dry_run else chosen_sinks(sink)
        if multirun:
            from spectral_bench.ui.grid import run_grid

            run_grid(
                typed,
                config_dir,
                console,
                print_config=print_config,
                dry_run=dry_run,
                resume=resume,
                quiet=quiet,
                sinks=sinks,
            )
            return
        loaded = load_point(typed, config_dir)
        if not show_instead(loaded, console, print_config=print_config, dry_run=dry_run):
            run_point(loaded, console, resume=resume, quiet=quiet, sinks=sinks)

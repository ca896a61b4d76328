"""``spectral-bench resume``: go on with a run that was stopped, or train a complete one further."""

from __future__ import annotations

from typing import Annotated

import typer

from spectral_bench.cli.help_panels import SHOWN
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import RunDirectory
from spectral_bench.cli.sink_option import Sinks, chosen_sinks
from spectral_bench.runs.interruption import ending_on_signals
from spectral_bench.ui.broken_pipe import outliving_readers


def resume(
    run_dir: RunDirectory,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OVERRIDES]...",
            help="train.steps or train.epochs, to be raised; data_dir or train.max_minutes.",
            show_default=False,
        ),
    ] = None,
    *,
    sink: Sinks = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but the result.", rich_help_panel=SHOWN)
    ] = False,
    _plugins: Plugins = None,
) -> None:
    """Go on with a run from its last checkpoint, as if it had never stopped."""
    with outliving_readers(), ending_on_signals():
        from rich.console import Console

        from spectral_bench.records.discovery import run_directory
        from spectral_bench.ui.one_run import go_on

        go_on(run_directory(run_dir), overrides or [], Console(), quiet=quiet, sinks=chosen_sinks(sink))

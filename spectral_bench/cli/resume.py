"""``spectral-bench resume``: go on with a run that was stopped, or train a complete one further."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.sink_option import Sinks, chosen_sinks
from spectral_bench.runs.interruption import ending_on_signals
from spectral_bench.ui.broken_pipe import outliving_readers


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
    sink: Sinks = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")] = False,
    _plugins: Plugins = None,
) -> None:
    """Go on with a run from its last checkpoint, as if it had never stopped."""
    with outliving_readers(), ending_on_signals():
        from rich.console import Console

        from spectral_bench.ui.one_run import go_on

        go_on(run_dir, overrides or [], Console(), quiet=quiet, sinks=chosen_sinks(sink))

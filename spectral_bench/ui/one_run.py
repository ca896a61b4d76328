"""One run, from its configuration to its result, for every verb that trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.config.load import Loaded
    from spectral_bench.config.schema import ExperimentConfig


def load_point(overrides: list[str], config_dir: Path | None) -> Loaded:
    """Compose and check the configuration of one run; settings without effect are reported on stderr.

    Raises:
        InputError: something about it is wrong.
    """
    from spectral_bench.config.load import load
    from spectral_bench.runs.kinds import KINDS

    loaded = load(overrides, KINDS, config_dir)
    for warning in loaded.warnings:
        _warn(warning)
    return loaded


def show_instead(loaded: Loaded, console: Console, *, print_config: bool, dry_run: bool) -> bool:
    """Show the configuration or the plan of a run if the user asked for no more; returns whether that was so."""
    if print_config:
        from spectral_bench.ui.config_listing import show_config

        show_config(loaded, console)
    elif dry_run:
        from spectral_bench.ui.dry_run import show_plan

        show_plan(loaded, console)
    return print_config or dry_run


def completed_run(loaded: Loaded) -> Path | None:
    """The directory of a completed run of exactly this configuration, if there is one."""
    from spectral_bench.runs.point_claim import standing_of

    standing = standing_of(loaded.experiment)
    return standing.directory if standing.state == "done" else None


def run_point(loaded: Loaded, console: Console, *, resume: bool, quiet: bool, sinks: Sequence[str] = ()) -> str | None:
    """Train, or continue a training, with a display, and show the result; ``sinks`` are names.

    Returns:
        The stop request that came after the run had finished, if there was one.

    Raises:
        SpectralBenchError: the input is wrong, data is missing, or the training diverged.
        StoppedEarly: the run was stopped before its end.
    """
    from spectral_bench.runs.execute import execute, prepare
    from spectral_bench.runs.point_claim import standing_of
    from spectral_bench.runs.sinks import open_sinks
    from spectral_bench.ui.live_display import open_display
    from spectral_bench.ui.run_summary import show_end

    standing = standing_of(loaded.experiment)
    if resume and standing.directory is not None and not standing.is_settled:
        return go_on(standing.directory, [], console, quiet=quiet, sinks=sinks, session_of=loaded.experiment)
    opened = open_sinks(sinks, _warn)
    with open_display(console, _title(loaded.experiment), quiet=quiet) as display:
        result = execute(prepare(loaded.experiment), loaded.composition.overrides, [display, *opened])
    show_end(result, console)
    return result.late_stop


def go_on(
    run_dir: Path,
    overrides: list[str],
    console: Console,
    *,
    quiet: bool,
    sinks: Sequence[str] = (),
    session_of: ExperimentConfig | None = None,
) -> str | None:
    """Resume a run with a display, and show the result; for the arguments see ``reopened`` and ``run_point``.

    Returns:
        The stop request that came after the run had finished, if there was one.

    Raises:
        SpectralBenchError: the run cannot be resumed, or the training diverged.
        StoppedEarly: the run was stopped before its end.
    """
    from spectral_bench.runs.reopen import CompleteError, reopened
    from spectral_bench.runs.sinks import open_sinks
    from spectral_bench.ui.live_display import open_display
    from spectral_bench.ui.run_summary import show_end

    opened = open_sinks(sinks, _warn)
    try:
        with reopened(run_dir, overrides, session_of) as run:
            for warning in run.warnings:
                _warn(warning)
            if not quiet:
                typer.echo(f"Going on after {run.from_step:,} updates: {run_dir}")
            with open_display(console, _title(run.prepared.config), quiet=quiet) as display:
                result = run.go_on([display, *opened])
    except CompleteError as complete:
        typer.echo(str(complete))
        return None
    show_end(result, console)
    return result.late_stop


def _warn(message: str) -> None:
    typer.echo(f"Warning: {message}", err=True)


def _title(experiment: ExperimentConfig) -> str:
    """A run in a few words."""
    return f"{experiment.model.name} on {experiment.task.name}, seed {experiment.seed}"

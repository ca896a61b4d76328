"""One run, from its configuration to its result, for every verb that trains."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.config.load import Loaded
    from spectral_bench.config.schema import ExperimentConfig
    from spectral_bench.runs.session import Prepared


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
    for note in loaded.notes:
        typer.echo(note, err=True)
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


def load_single(overrides: list[str], config_dir: Path | None) -> Loaded:
    """``load_point`` for a run that is no grid.

    Raises:
        InputError: something about it is wrong, or is about grids.
    """
    from spectral_bench.config.grid_points import open_keys_of_preset
    from spectral_bench.config.launcher_choice import split_launcher
    from spectral_bench.errors import InputError
    from spectral_bench.runs.execute import command_line

    about, rest = split_launcher(overrides)
    if about:
        raise InputError(f"{about[0]}: a launcher runs the points of a grid: add -m (one point is a grid as well).")
    keys = open_keys_of_preset(rest, config_dir)
    if keys:
        program, verb, *words = command_line()
        raise InputError(
            f"This preset is a grid over {', '.join(keys)}. All of it: {shlex.join([program, verb, '-m', *words])}. "
            "One point of it: type a value of each of these keys."
        )
    return load_point(rest, config_dir)


def train_single(
    loaded: Loaded, console: Console, *, resume: bool, quiet: bool, sinks: Sequence[str] = ()
) -> str | None:
    """Train one run with a display, and show the result; ``sinks`` are names.

    Args:
        loaded: its configuration.
        console: where to draw.
        resume: go on with an unfinished run of this configuration, and leave a finished one alone; otherwise a new run
            is made, whatever there is.
        quiet: show nothing but the result.
        sinks: names of sinks that the run writes to.

    Returns:
        The stop request that came after the run had finished, if there was one.

    Raises:
        SpectralBenchError: the input is wrong, data is missing, the training diverges or with ``resume`` did so before,
            or with ``resume`` another process is at work on this configuration.
        StoppedEarly: the run was stopped before its end.
    """
    from spectral_bench.runs.claim_file import HeldError
    from spectral_bench.runs.point_claim import claimed
    from spectral_bench.training.divergence import DivergedError

    if not resume:
        prepared = _prepared(loaded)  # before a claim leaves a trace in the folder of results
        claim = ExitStack()
        with claim:
            with suppress(HeldError):  # it is asked for all the same; a grid that is started later sees who has it
                claim.enter_context(claimed(loaded.experiment))
            return _train_new(loaded, prepared, console, quiet=quiet, sinks=sinks)
    with claimed(loaded.experiment) as standing:
        if standing.directory is None:
            return _train_new(loaded, _prepared(loaded), console, quiet=quiet, sinks=sinks)
        if not standing.is_settled:
            return go_on(standing.directory, [], console, quiet=quiet, sinks=sinks, session_of=loaded.experiment)
        if standing.state == "diverged":  # the same exit code whenever that was
            raise DivergedError(f"{standing.directory} diverged before. Without --resume it is trained anew.")
        typer.echo(f"Done already: {standing.directory}")
        return None


def _prepared(loaded: Loaded) -> Prepared:
    from spectral_bench.runs.cores import DEFAULT_THREADS, busy, free_cores
    from spectral_bench.runs.execute import prepare

    free, asked = free_cores(), loaded.experiment.train.threads
    if asked is not None and asked > free:
        _warn(
            f"train.threads={asked} on {free} free core{'s' if free > 1 else ''}: threads that wait for each other are "
            "slower than fewer."
        )
    elif sys.stderr.isatty() and (warning := busy()):  # in a log it comes too late
        _warn(warning)
    threads = min(DEFAULT_THREADS, free)
    return prepare(loaded.experiment, threads)


def _train_new(
    loaded: Loaded, prepared: Prepared, console: Console, *, quiet: bool, sinks: Sequence[str]
) -> str | None:
    from spectral_bench.runs.execute import execute
    from spectral_bench.runs.sinks import open_sinks
    from spectral_bench.ui.live_display import open_display
    from spectral_bench.ui.run_summary import show_end

    opened = open_sinks(sinks, _warn)
    with open_display(console, loaded.experiment.title, quiet=quiet) as display:
        result = execute(prepared, loaded.composition.overrides, [display, *opened])
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
    """Resume a run with a display, and show the result; for the arguments see ``reopened`` and ``train_single``.

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
            with open_display(console, run.prepared.config.title, quiet=quiet) as display:
                result = run.go_on([display, *opened])
    except CompleteError as complete:
        typer.echo(str(complete))
        return None
    show_end(result, console)
    return result.late_stop


def _warn(message: str) -> None:
    typer.echo(f"Warning: {message}", err=True)

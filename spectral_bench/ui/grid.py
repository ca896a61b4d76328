"""``spectral-bench run -m``: every point of a grid, wherever its launcher runs it."""

from __future__ import annotations

import re
import secrets
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spectral_bench.config.overrides import typed_key
from spectral_bench.errors import InputError, SignalExit, SpectralBenchError
from spectral_bench.launch.launcher import Launcher
from spectral_bench.launch.launchers import LAUNCHERS
from spectral_bench.launch.launchers.serial import SerialLauncher
from spectral_bench.launch.point import Grid, Point, compose_grid
from spectral_bench.launch.schedule import run_points
from spectral_bench.launch.watch import GridWatch
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.training.stop import Stop

if TYPE_CHECKING:
    from rich.console import Console


#: Points that cannot be composed are named up to this many: one mistake is often made in all of them.
_REJECTED_SHOWN = 3

_MARK_BYTES = 8


@dataclass(frozen=True)
class GridRequest:
    """What was asked of ``run -m``.

    Attributes:
        overrides: what was typed, grid and launcher included.
        config_dir: a folder of the user's own files.
        plugins: what ``--plugin`` named.
        sinks: names of sinks that every run writes to.
        again: the mark of a grid that trains anew what was done or begun before it; None: that counts.
        retry: how often a point that failed is tried again.
        keep_going: train the rest when a point cannot be composed.
        quiet: nothing but results.
        wait: watch the jobs of a queue until they have ended; other launchers always do.
    """

    overrides: list[str]
    config_dir: Path | None
    plugins: list[str]
    sinks: list[str]
    again: str | None
    retry: int
    keep_going: bool
    quiet: bool
    wait: bool = False


def run_grid(request: GridRequest, console: Console) -> None:
    """Run every point of a grid; a point that fails does not stop the others.

    Raises:
        InputError: the grid or its launcher is wrong, or a point of it and ``keep_going`` is off; a sink is unknown.
        typer.Exit: with the code of ``grid_exit_code`` if it is not 0.
    """
    from spectral_bench.runs.sinks import open_sinks

    open_sinks(request.sinks, lambda _: None)  # one that is missing shows before anything trains
    launcher = chosen_launcher(request)
    code = train_grid(composed(request), launcher, request, console, trains_anew="--again")
    if code:
        raise typer.Exit(code)


def train_grid(
    grid: Grid, launcher: Launcher, request: GridRequest, console: Console, *, trains_anew: str | None = None
) -> int:
    """Run every point of a composed grid, and show how each ended.

    Args:
        grid: its points.
        launcher: runs them.
        request: how to treat what is done or failed, and what to show.
        console: where to show it.
        trains_anew: the option of the command that trains anew what has a result; None: it has none.

    Returns:
        The exit code, as ``grid_exit_code`` gives it.

    Raises:
        InputError: the launcher does not suit the points.
    """
    from spectral_bench.runs.directory import check_writable
    from spectral_bench.runs.interruption import heeding_signals
    from spectral_bench.ui.grid_display import GridDisplay
    from spectral_bench.ui.grid_summary import (
        grid_exit_code,
        say_how_to_go_on,
        say_what_is_left,
        show_grid_summary,
    )

    launcher.check(grid.points)
    say_crowding(grid, launcher)
    for folder in {experiment.results_dir for experiment in grid.experiments}:
        check_writable(folder)
    watch, stop = GridWatch(grid.points), Stop()
    treatment = Treatment(again=request.again)
    results: dict[str, PointResult] = {}
    shown: set[str] = set()
    try:
        with heeding_signals(stop), GridDisplay(console, watch, quiet=request.quiet) as display:
            if isinstance(launcher, SerialLauncher):
                launcher.display = display.training_here
            for result in run_points(grid.points, launcher, treatment, stop, request.retry, say_retry):
                results[result.point] = result
                display.ended(result)
                say_point_warnings(result)
                if result.state in ("failed", "diverged", "lost"):
                    # What to do about it is told once; the reason, its first line, of every point.
                    message = result.message.partition("\n")[0] if result.message in shown else result.message
                    shown.add(result.message)
                    typer.echo(f"Error: {result.point}: {message}", err=True)
    except (SpectralBenchError, SignalExit):  # the engine failed, or a second signal came
        say_how_to_go_on(request.again)
        raise
    in_order = [results[point.name] for point in grid.points if point.name in results]
    in_order += [
        PointResult(rejected.name, "failed", message=str(rejected.error), exit_code=rejected.error.exit_code)
        for rejected in grid.rejected
    ]
    show_grid_summary(in_order, len(in_order), console)
    code = grid_exit_code(in_order, stop.cause)
    say_what_is_left(in_order, request.again, stop.cause, trains_anew=trains_anew)
    return code


def composed(request: GridRequest) -> Grid:
    """Compose all points before one trains, so that a typing error shows at once.

    Raises:
        InputError: the grid is wrong; or a point of it, and not to be left out.
    """
    from spectral_bench.config.launcher_choice import split_launcher

    _, overrides = split_launcher(request.overrides)
    grid = compose_grid(overrides, request.config_dir, request.plugins, request.sinks)
    say_warnings(grid)
    if not grid.rejected:
        return grid
    if len(grid.rejected) == 1 and not grid.points:
        raise grid.rejected[0].error
    for rejected in grid.rejected[:_REJECTED_SHOWN]:
        typer.echo(f"Error: {rejected.name}: {rejected.error}", err=True)
    if len(grid.rejected) > _REJECTED_SHOWN:
        typer.echo(f"... and {len(grid.rejected) - _REJECTED_SHOWN:,} more", err=True)
    advice = _advice(grid, overrides)
    if not grid.points:
        raise InputError(f"None of {len(grid.rejected):,} points can be composed, and nothing was trained.{advice}")
    if not request.keep_going:
        total = len(grid.points) + len(grid.rejected)
        raise InputError(
            f"{len(grid.rejected)} of {total} points cannot be composed, and nothing was trained. --keep-going trains "
            f"the others.{advice}"
        )
    return grid


def _advice(grid: Grid, overrides: Sequence[str]) -> str:
    """How a key is typed that not all models of a grid have, where one was typed for all of them."""
    for key in map(typed_key, overrides):
        if key.startswith("model.") and any(f"'{key}'" in str(rejected.error) for rejected in grid.rejected):
            return f" A key for one model alone is written with the model's name before it: MODEL:{key}=VALUES."
    if grid.points and any(text.startswith("model=") and "," in text for text in overrides):
        return " A key for one model alone is written MODEL:KEY=VALUES."
    return ""


def show_grid_instead(request: GridRequest, console: Console, *, print_config: bool, dry_run: bool) -> bool:
    """Show configuration or plan of every point if the user asked for no more; returns whether that was so."""
    from spectral_bench.ui.one_run import show_instead

    if not print_config and not dry_run:
        return False
    launcher_of(request)
    grid = composed(request)
    for number, (point, loaded) in enumerate(zip(grid.points, grid.loaded, strict=True), 1):
        console.rule(f"Point {number} of {len(grid.points)}: {point.name}", align="left", style="dim")
        show_instead(loaded, console, print_config=print_config, dry_run=dry_run)
    return True


def list_points(request: GridRequest) -> None:
    """Print the command of every point, one a line, as a shell reads it.

    Raises:
        InputError: the grid or its launcher is wrong.
    """
    launcher_of(request)
    for point in composed(request).points:
        typer.echo(point_command(point))


def point_command(point: Point) -> str:
    """The command that trains a point, or goes on with it, or finds it done."""
    return shlex.join(["spectral-bench", "run", "--resume", *options_of(point), *point.overrides])


def options_of(point: Point) -> list[str]:
    """The options without which the overrides of a point mean something else."""
    options = [word for plugin in point.plugins for word in ("--plugin", plugin)]
    options += ["--config-dir", str(point.config_dir)] if point.config_dir is not None else []
    return [*options, *(word for sink in point.sinks for word in ("--sink", sink))]


def mark_of_runs(again_from: str | None, *, again: bool) -> str | None:
    """The mark of the runs of a grid that trains anew; None: it does not.

    Args:
        again_from: the mark of the grid to be gone on with, as its last line says.
        again: make a new mark.

    Raises:
        InputError: both are wanted, or the first is no mark.
    """
    if again_from is None:
        return secrets.token_hex(_MARK_BYTES) if again else None
    if again or not re.fullmatch(f"[0-9a-f]{{{2 * _MARK_BYTES}}}", again_from):
        raise InputError(
            f"--again-from {again_from}: expected the mark in the last line of a grid that was stopped, in place of "
            "--again."
        )
    return again_from


def chosen_launcher(request: GridRequest) -> Launcher:
    """The launcher that was asked for.

    Raises:
        InputError: there is no such launcher, its configuration is wrong, or its engine is not installed; or it does
            not wait for what is to be tried again.
    """
    config = launcher_of(request)
    if request.wait and hasattr(config, "wait"):
        config = replace(config, wait=True)
    if request.retry and not getattr(config, "wait", True):
        raise InputError(
            f"--retry {request.retry}: launcher={config.name} returns before any point has failed: add --wait."
        )
    launcher: Launcher = LAUNCHERS[config.name](config)
    return launcher


def launcher_of(request: GridRequest) -> Any:
    """The configuration of the launcher that was asked for, whether or not its engine is installed.

    Raises:
        InputError: there is no such launcher, or its configuration is wrong.
    """
    from spectral_bench.config.launcher_choice import launcher_config, split_launcher

    about, _ = split_launcher(request.overrides)
    return launcher_config(about, LAUNCHERS, request.config_dir)


def say_crowding(grid: Grid, launcher: Launcher) -> None:
    """That more threads will compute here than there are cores; and to who watches, that others compute already."""
    from spectral_bench.runs.cores import busy, too_many

    on_cores = [point for point in grid.points if point.config["device"] == "cpu"]
    rooms = [min(launcher.room(point) or 0, len(on_cores)) for point in on_cores]  # 0: on other hosts
    threads = [
        room * (point.config["train"]["threads"] or 1) for room, point in zip(rooms, on_cores, strict=True) if room
    ]
    warning = (too_many(max(threads)) or (busy() if sys.stderr.isatty() else None)) if threads else None
    if warning:
        typer.echo(f"Warning: {warning}", err=True)


def say_warnings(*grids: Grid) -> None:
    """What is odd about the configurations of grids, and what is to be known about them, each once."""
    for warning in dict.fromkeys(warning for grid in grids for warning in grid.warnings):
        typer.echo(f"Warning: {warning}", err=True)
    for note in dict.fromkeys(note for grid in grids for note in grid.notes):
        typer.echo(note, err=True)


def say_retry(result: PointResult) -> None:
    """That a point will be tried again, and why."""
    typer.echo(
        f"Warning: {result.point}: {result.state}: {result.message.removesuffix('.')}; it will be tried again.",
        err=True,
    )


def say_point_warnings(result: PointResult) -> None:
    """What a training warned of."""
    for warning in result.warnings:
        typer.echo(f"Warning: {result.point}: {warning}", err=True)

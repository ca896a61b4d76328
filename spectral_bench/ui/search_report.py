"""``spectral-bench run --sampler``: a search, told as its trials end, and what it came to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from spectral_bench.compare.statistics import nearly_equal
from spectral_bench.config.launcher_choice import split_launcher
from spectral_bench.config.search_space import search_space
from spectral_bench.errors import InputError
from spectral_bench.launch.point import Point
from spectral_bench.launch.schedule import run_points
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.report.numbers import NOTHING, counted, number
from spectral_bench.runs.execute import command_line
from spectral_bench.runs.layout import SUMMARY_FIELDS, Mode
from spectral_bench.search.study import (
    ENDING,
    OVERRIDES_OF,
    Sampler,
    SearchPlan,
    check_metric,
    study_file,
    trials_of,
)
from spectral_bench.search.trials import Compose, Trial, search
from spectral_bench.tasks import TASKS
from spectral_bench.training.stop import Stop
from spectral_bench.ui.grid import (
    GridRequest,
    chosen_launcher,
    options_of,
    say_point_warnings,
    say_retry,
    say_warnings,
)

if TYPE_CHECKING:
    from rich.console import Console

#: Trials that the table at the end shows, the best first.
_SHOWN = 10

#: Trials at a time on a cluster, where nothing else is said.
_ON_A_CLUSTER = 8


@dataclass(frozen=True)
class SearchRequest:
    """What was asked of ``run --sampler``, beside the grid.

    Attributes:
        sampler: how trials are chosen.
        trials: how many in all.
        metric: what they are judged by.
        at_once: how many train at the same time; None: as many as the launcher has room for.
        seed: of the sampler.
        prune: stop hopeless trainings early; None: where the metric allows.
    """

    sampler: Sampler
    trials: int
    metric: str
    at_once: int | None
    seed: int
    prune: bool | None


def run_search(grid: GridRequest, request: SearchRequest, console: Console) -> None:
    """Search, show every trial as it ends, and the best ones at the end.

    Raises:
        InputError: something about the search is wrong.
        typer.Exit: a signal ended the search early: with its exit code, or 1 if it came to a worker alone.
    """
    from spectral_bench.runs.interruption import exit_code, heeding_signals

    check_metric(request.metric, must_prune=request.prune is True)
    launcher = chosen_launcher(replace(grid, wait=True))
    _, overrides = split_launcher(grid.overrides)
    compose = Compose(grid.config_dir, tuple(grid.plugins), tuple(grid.sinks))
    space = search_space(overrides, grid.config_dir)
    corners = [compose(corner) for corner in space.corners()]
    say_warnings(*corners)
    points = [point for corner in corners for point in corner.points]
    first = points[0]
    mode = _mode(first, request.metric)
    at_once = request.at_once or launcher.room(first) or _ON_A_CLUSTER
    prune = request.prune is not False
    digests = frozenset([*(point.key.digest for point in points), *_digests(space.corners_of_other_words(), compose)])
    plan = SearchPlan(
        space, digests, request.sampler, request.metric, mode, request.trials, at_once, request.seed, prune
    )
    launcher.check(points)
    results_dir, stop = first.results_dir, Stop()
    if not grid.quiet:
        typer.echo(f"Study: {study_file(results_dir, plan)}")

    def train(points: Sequence[Point]) -> Iterator[PointResult]:
        for result in run_points(points, launcher, Treatment(), stop, grid.retry, say_retry):
            say_point_warnings(result)
            yield result

    ended_early = False
    with heeding_signals(stop):
        for trial in search(plan, results_dir, compose, train):
            ended_early = ended_early or trial.ending == "stopped"
            if not grid.quiet:
                _show_trial(trial, plan)
    _show_best(plan, trials_of(plan, study_file(results_dir, plan)), options_of(first), console)
    if stop.cause is not None or ended_early:  # or a worker alone got a signal
        typer.echo(f"To go on with this search: {shlex.join(command_line())}", err=True)
        raise typer.Exit(1 if stop.cause is None else exit_code(stop.cause))


def _digests(corners: Sequence[Sequence[str]], compose: Compose) -> Iterator[str]:
    """Of the configurations that can be composed: a trial with one that cannot fails, and the search goes on."""
    for corner in corners:
        with suppress(InputError):
            yield compose(corner).points[0].key.digest


def _mode(point: Point, metric: str) -> Mode:
    """Whether less or more of it is better."""
    sense = next(field.sense for field in SUMMARY_FIELDS if field.name == metric)
    if sense is not None and sense != "metric":
        return sense
    return TASKS[point.config["task"]["name"]].metric.mode


def _show_trial(trial: Trial, plan: SearchPlan) -> None:
    what = f"{plan.metric} {number(trial.value)}" if trial.value is not None else trial.ending
    what += f": {trial.message}" if trial.message else ""
    what += f" after {trial.steps:,} updates" if trial.steps is not None else ""
    typer.echo(f"Trial {trial.number + 1}: {' '.join(trial.chosen)}: {what} ({trial.ended} of {plan.trials} ended)")


def _show_best(plan: SearchPlan, trials: Sequence[Any], options: Sequence[str], console: Console) -> None:
    """The best trials, and the command that trains with what was found."""
    from spectral_bench.report.document import Cell, Column, Table
    from spectral_bench.ui.table_printer import show_table

    judged = [trial for trial in trials if trial.user_attrs[ENDING] == "done"]
    if not judged:
        typer.echo("No trial came to an end that could be judged.")
        return
    judged.sort(key=lambda trial: (-trial.value if plan.mode == "max" else trial.value, trial.number))
    best_value = judged[0].value
    equals = sorted((one for one in judged if nearly_equal(one.value, best_value)), key=lambda trial: trial.number)
    judged[: len(equals)] = equals
    keys = [one.key for one in plan.space.dimensions]
    columns = [Column("trial", label=True), Column(f"{plan.metric} {'↑' if plan.mode == 'max' else '↓'}")]
    columns += [Column(key) for key in keys]
    rows = [
        [Cell(str(trial.number + 1)), Cell(number(trial.value)), *_values(trial, plan)] for trial in judged[:_SHOWN]
    ]
    endings = [trial.user_attrs[ENDING] for trial in trials]
    ended = ", ".join(f"{endings.count(ending)} {ending}" for ending in dict.fromkeys(endings))
    show_table(Table(f"{counted(len(trials), 'trial')}: {ended}", "", columns, rows), console)
    _say_tie(equals, plan.metric)
    typer.echo(f"The best by {plan.metric}; the test split had no say in it:")
    best = equals[0].user_attrs[OVERRIDES_OF]
    fixed = plan.space.fixed_for(equals[0].params)
    typer.echo(shlex.join(["spectral-bench", "run", "-m", *options, *fixed, *best]))


def _say_tie(equals: Sequence[Any], metric: str) -> None:
    """That trials of several configurations are equally good, and which of them is taken."""
    numbers = {tuple(trial.user_attrs[OVERRIDES_OF]): trial.number + 1 for trial in reversed(equals)}
    if len(numbers) == 1:
        return
    first = sorted(numbers.values())
    more = f" and {len(first) - _SHOWN} more" if len(first) > _SHOWN else ""
    typer.echo(
        f"Equally good by {metric}: trials {', '.join(map(str, first[:_SHOWN]))}{more}. The first of them is taken, so "
        "that only a better one takes its place when the search goes on."
    )


def _values(trial: Any, plan: SearchPlan) -> list[Any]:
    from spectral_bench.report.document import Cell

    known = [one.typed(trial.params[one.key]) if one.key in trial.params else "" for one in plan.space.dimensions]
    return [Cell(text.partition("=")[2] or NOTHING) for text in known]

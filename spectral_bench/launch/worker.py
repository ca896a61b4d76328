"""What every launcher calls in a worker: train one point, quietly, or find that there is nothing to train."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from spectral_bench.config.load import experiment_config
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import LockedError, SpectralBenchError
from spectral_bench.launch.point import Point
from spectral_bench.launch.pruning import PRUNED, PruningObserver
from spectral_bench.plugins.importing import load_plugins
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.interruption import exit_code, heeding_signals
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.point_claim import Standing, claimed, standing_of
from spectral_bench.runs.reopen import reopened
from spectral_bench.runs.sinks import open_sinks
from spectral_bench.runs.unexpected import told_in_a_line
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.observer import Observer
from spectral_bench.training.stop import Stop

#: How a point ended, for the process that waits for it, in the words of the tables. ``done``, ``diverged``: trained
#: here. ``done before``, ``diverged before``: its result was there. ``running elsewhere``: another living process is
#: at work on it. ``stopped``: by a signal or a time limit, with a checkpoint. ``failed``: by an error. ``lost``: its
#: worker died. ``submitted``: it was handed to a queue, and nobody waits for it. ``not reached``: the grid was stopped.
PointState = Literal[
    "done",
    "diverged",
    "done before",
    "diverged before",
    "running elsewhere",
    "stopped",
    "failed",
    "lost",
    "submitted",
    "not reached",
]

#: Ends of a point that has its result, from now or from before.
SETTLED: tuple[PointState, ...] = ("done", "diverged", "done before", "diverged before")

#: The causes of a stop that are a point's own and end no grid.
OWN_CAUSES = ("train.max_minutes", PRUNED)


@dataclass(frozen=True)
class Treatment:
    """How the points of a grid are to be treated.

    Attributes:
        again: the mark of a grid that trains anew what was done or begun before it. Its own runs keep the mark, so that
            it goes on with them when a point is handed out once more. None: runs of other grids count as well.
        threads: CPU threads of a point that leaves ``train.threads`` open; the manifest records them.
    """

    again: str | None = None
    threads: int | None = 1


@dataclass(frozen=True)
class PointResult:
    """How one point ended. Small and plain: it can be pickled.

    Attributes:
        point: name of the point.
        state: in a word.
        directory: of the run, as the worker names it; None if there is none.
        message: why it did not end well, or what there is to say; may be empty.
        exit_code: that of a process that did nothing but this point: the same for a result of now and of before.
        seconds: from its beginning to its end.
        steps: updates after which its training was stopped; None: it was not.
        stop_cause: what asked the worker to stop (``SIGTERM``, ``train.max_minutes``), however the point ended.
        warnings: for stderr.
    """

    point: str
    state: PointState
    directory: Path | None = None
    message: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    steps: int | None = None
    stop_cause: str | None = None
    warnings: tuple[str, ...] = ()


def work_on(
    point: Point,
    treatment: Treatment,
    observers: Sequence[Observer] = (),
    *,
    second_ends: bool = True,
) -> PointResult:
    """Claim a point, and train it or go on with it; or find that it is done, or that another process is at work on it.

    Nothing is printed, and whatever goes wrong is a result: nothing is raised but ``SignalExit`` on a second signal,
    and other exceptions that end a process. Called in the main thread, it heeds signals as ``spectral-bench run`` does:
    the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 ends the training with a checkpoint, and the point is ``stopped``.

    Args:
        point: what to train; relative paths in it count from ``point.folder``, which becomes the current folder.
        treatment: how to treat what is done or begun, and the number of threads.
        observers: receive every event of the training, beside the point's sinks.
        second_ends: whether a second signal ends the process at once.
    """
    began = time.monotonic()
    stop = Stop(second_ends=second_ends)
    warnings: list[str] = []
    result = _worked_on(point, treatment, observers, stop, warnings)
    return replace(result, seconds=time.monotonic() - began, stop_cause=stop.cause, warnings=tuple(warnings))


def _worked_on(
    point: Point,
    treatment: Treatment,
    observers: Sequence[Observer],
    stop: Stop,
    warnings: list[str],
) -> PointResult:
    config: ExperimentConfig | None = None
    try:
        with heeding_signals(stop):
            os.chdir(point.folder)
            load_plugins(point.plugins)
            config = experiment_config(point.config, KINDS)
            with claimed(config, treatment.again) as standing:
                if standing.is_settled:
                    return found_settled(point, standing)
                observed = [*observers, *open_sinks(point.sinks, warnings.append), *_pruning(point, stop, warnings)]
                if standing.directory is None:
                    prepared = prepare(config, treatment.threads)
                    if stop.cause is not None:
                        return _stopped(point, None, stop.cause, 0)
                    result = execute(prepared, point.overrides, observed, stop, treatment.again)
                else:
                    with reopened(standing.directory, session_of=config, stop=stop) as run:
                        warnings.extend(run.warnings)
                        result = run.go_on(observed)
    except LockedError as locked:  # of the configuration, or of a run that `resume` has just begun to go on with
        return PointResult(point.name, "running elsewhere", message=str(locked))
    except SpectralBenchError as error:
        state: PointState = "diverged" if isinstance(error, DivergedError) else "failed"
        return PointResult(point.name, state, _directory(config, treatment), str(error), error.exit_code)
    except Exception as error:
        return PointResult(point.name, "failed", _directory(config, treatment), told_in_a_line(error), 1)
    if result.stopped_by is not None:
        return _stopped(point, result.directory, result.stopped_by, result.summary["steps"])
    return PointResult(point.name, "done", result.directory)


def found_settled(point: Point, standing: Standing) -> PointResult:
    """The result of a point that need not be trained, for it was before."""
    if standing.state == "diverged":
        return PointResult(point.name, "diverged before", standing.directory, exit_code=DivergedError.exit_code)
    return PointResult(point.name, "done before", standing.directory)


def _stopped(point: Point, directory: Path | None, cause: str, steps: int) -> PointResult:
    message = f"stopped by {cause} after {steps:,} updates"
    return PointResult(point.name, "stopped", directory, message, exit_code(cause), steps=steps)


def _pruning(point: Point, stop: Stop, warnings: list[str]) -> list[Observer]:
    return [] if point.trial is None else [PruningObserver(point.trial, stop, warnings.append)]


def _directory(config: ExperimentConfig | None, treatment: Treatment) -> Path | None:
    """Where the files of a point lie that ended by an error; None if it came to none, or they cannot be found."""
    try:
        return None if config is None else standing_of(config, treatment.again).directory
    except (OSError, SpectralBenchError):
        return None

"""The trials of a search: chosen by the study, trained by a launcher, told to the study."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from spectral_bench.errors import InputError, SpectralBenchError
from spectral_bench.launch.point import Grid, Point, compose_grid
from spectral_bench.launch.pruning import PRUNED, TrialOfStudy
from spectral_bench.launch.worker import OWN_CAUSES, SETTLED, PointResult
from spectral_bench.runs.layout import SUMMARY
from spectral_bench.runs.run_lookup import PointKey
from spectral_bench.runs.safe_reading import parse_json, read_bytes
from spectral_bench.search.study import (
    ENDING,
    OVERRIDES_OF,
    PROBLEM,
    Ending,
    SearchPlan,
    asked,
    finished,
    locked_study,
    open_study,
    study_file,
)

#: Trains points and yields their results, as ``Launcher.run`` does.
Train = Callable[[Sequence[Point]], Iterator[PointResult]]

#: A search none of whose trials can be trained is given up after this many.
_FAILURES = 5


@dataclass(frozen=True)
class Trial:
    """A trial that has ended.

    Attributes:
        number: of the trial in its study, from 0.
        chosen: the overrides that make it.
        ending: how.
        value: of the metric, the mean over the seeds; None unless it is done.
        message: why it failed, or what stopped it.
        steps: updates after which a training of it was stopped; None: none was.
        ended: trials of the study that had ended by then, this one and those of earlier calls included.
    """

    number: int
    chosen: tuple[str, ...]
    ending: Ending
    value: float | None = None
    message: str = ""
    steps: int | None = None
    ended: int = 0


@dataclass(frozen=True)
class Compose:
    """What every trial of a search is composed with; see ``compose_grid``."""

    config_dir: Path | None = None
    plugins: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()

    def __call__(self, overrides: Sequence[str]) -> Grid:
        """The points of a trial, one a seed, with what there is to say about them.

        Raises:
            InputError: they cannot be composed.
        """
        grid = compose_grid(overrides, self.config_dir, self.plugins, self.sinks)
        if grid.rejected:
            raise InputError(str(grid.rejected[0].error))
        if len({point.key.digest for point in grid.points}) > 1:
            raise InputError(
                "A trial of a search is one configuration, with several seeds at most; its preset is a grid."
            )
        return grid


def search(plan: SearchPlan, results_dir: Path, compose: Compose, train: Train) -> Iterator[Trial]:
    """Make the trials that the study lacks, and yield each as it ends.

    A trial in which a training was stopped by a signal stays open, and is the first that the next call makes. No other
    process can search in the same study meanwhile.

    Args:
        plan: what was asked for, a space whose corners can be composed.
        results_dir: the folder of results of all trials.
        compose: makes the points of a trial.
        train: trains them.

    Raises:
        InputError: Optuna is not installed.
        LockedError: another process searches in the study.
        StorageError: the study cannot be written.
        SpectralBenchError: every trial failed, the first ones of the search.
    """
    file = study_file(results_dir, plan)
    with locked_study(file):
        yield from _made(plan, open_study(plan, file), file, compose, train)


def _made(plan: SearchPlan, study: Any, file: Path, compose: Compose, train: Train) -> Iterator[Trial]:
    while (left := plan.trials - len(finished(study))) > 0:
        ended = []
        batch = [_begun(study, plan, file, compose) for _ in range(min(left, plan.at_once))]
        for begun, trial in _trained(batch, plan, train):
            _tell(study, begun, trial)
            ended.append(trial)
            yield replace(trial, ended=len(finished(study)))
        if any(trial.ending == "stopped" for trial in ended):
            return
        endings = [trial.user_attrs[ENDING] for trial in finished(study)]
        if len(endings) >= min(plan.trials, _FAILURES) and set(endings) == {"failed"}:
            raise SpectralBenchError(f"No trial could be trained: {ended[0].message}")


@dataclass(frozen=True)
class _Begun:
    """A trial that was chosen.

    Attributes:
        handle: Optuna's.
        chosen: the overrides that make it.
        points: one a seed; none if they cannot be composed.
        problem: why they cannot.
    """

    handle: Any
    chosen: tuple[str, ...]
    points: Sequence[Point] = ()
    problem: str = ""


def _begun(study: Any, plan: SearchPlan, file: Path, compose: Compose) -> _Begun:
    trial, values = asked(study, plan)
    chosen = tuple(plan.space.typed(values))
    trial.set_user_attr(OVERRIDES_OF, list(chosen))
    try:
        points = compose(plan.space.overrides(values)).points
    except InputError as error:
        return _Begun(trial, chosen, problem=str(error))
    name = " ".join(chosen)
    named = [replace(point, name=f"{name} {point.name}" if len(points) > 1 else name) for point in points]
    if plan.prunes:
        # By its first seed alone: a study knows one course of measurements a trial.
        named[0] = replace(named[0], trial=TrialOfStudy(file, plan.name, trial.number))
    return _Begun(trial, chosen, named)


def _trained(begun: Sequence[_Begun], plan: SearchPlan, train: Train) -> Iterator[tuple[_Begun, Trial]]:
    """The first seed of all trials is trained, then the others of those that are still worth it.

    Two trials may be the same training, which is made once.
    """
    results: dict[PointKey, PointResult] = {}

    def run(points: Iterable[Point]) -> None:
        distinct = {point.key: point for point in points}
        keys = {point.name: key for key, point in distinct.items()}
        results.update((keys[result.point], result) for result in train(list(distinct.values())))

    run(point for one in begun for point in one.points[:1])
    others = [point for one in begun if not _decisive(_of(one, results)) for point in one.points[1:]]
    if others:
        run(others)
    for one in begun:
        yield one, _ended(one, _of(one, results), plan)


def _of(one: _Begun, results: Mapping[PointKey, PointResult]) -> list[PointResult]:
    return [results[point.key] for point in one.points if point.key in results]


def _decisive(results: Sequence[PointResult]) -> tuple[Ending, PointResult] | None:
    """How a trial ended because of one of its trainings, and that; None while all went well."""
    for result in results:
        ending = _ending(result)
        if ending is not None:
            return ending, result
    return None


def _ending(result: PointResult) -> Ending | None:
    """How a trial ends because of this training; None if it went well."""
    if result.state in ("failed", "lost"):
        return "failed"
    if result.state == "stopped" and result.stop_cause == PRUNED:
        return "pruned"
    if result.state == "not reached" or (result.state == "stopped" and result.stop_cause not in OWN_CAUSES):
        return "stopped"
    if result.state not in SETTLED:
        return "unfinished"
    return "worse" if result.state in ("diverged", "diverged before") else None


def _ended(one: _Begun, results: Sequence[PointResult], plan: SearchPlan) -> Trial:
    number = int(one.handle.number)
    if one.problem:
        return Trial(number, one.chosen, "failed", message=one.problem)
    if (decided := _decisive(results)) is not None:
        ending, result = decided
        message = result.message if result.steps is None else result.stop_cause or ""
        return Trial(number, one.chosen, ending, None, "" if ending == "pruned" else message, result.steps)
    values = [_value(result, plan.metric) for result in results]
    known = [value for value in values if value is not None]
    if len(known) < len(one.points):
        return Trial(number, one.chosen, "worse")
    return Trial(number, one.chosen, "done", fmean(known))


def _value(result: PointResult, metric: str) -> float | None:
    """What a training came to; None where it never got there."""
    if result.directory is None:
        return None
    value = parse_json(read_bytes(result.directory / SUMMARY)).get(metric)
    return float(value) if isinstance(value, int | float) else None


def _tell(study: Any, one: _Begun, trial: Trial) -> None:
    from optuna.trial import TrialState

    if trial.ending == "stopped":  # it stays open
        return
    one.handle.set_user_attr(ENDING, trial.ending)
    one.handle.set_user_attr(PROBLEM, trial.message)
    if trial.ending == "done":
        study.tell(one.handle, trial.value)
    else:  # to Optuna's samplers a pruned trial is worse than any that ended, and a failed one is none
        known_bad = trial.ending in ("pruned", "worse")
        study.tell(one.handle, state=TrialState.PRUNED if known_bad else TrialState.FAIL)

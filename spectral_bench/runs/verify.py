"""Whether a run can be had again: its files looked over, and its updates made once more."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spectral_bench.config.load import digest
from spectral_bench.errors import DataError, InputError
from spectral_bench.runs import metrics, parts
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.environment import describe_environment, environment_changes
from spectral_bench.runs.execute import CONFIG, prepare
from spectral_bench.runs.recorder import GRADIENTS, GRADIENTS_SCHEMA, METRICS, SPECTRUM, SPECTRUM_SCHEMA
from spectral_bench.runs.replay import DifferentError, Replay
from spectral_bench.runs.resume import check_data, use_recorded_threads
from spectral_bench.runs.saved import SavedRun, read_run
from spectral_bench.runs.sitting import Prepared
from spectral_bench.training.outcome import DivergedError


@dataclass(frozen=True)
class Verdict:
    """What came of it.

    Attributes:
        damaged: a message for every file that is not what it was when it was written.
        first_step, last_step: the updates that were made again.
        compared: numbers that were the same.
        difference: the first one that was not; None if all were the same.
        changes: what is different in the environment since the run began.
    """

    damaged: list[str]
    first_step: int
    last_step: int
    compared: int
    difference: str | None
    changes: list[str]


def verify(directory: Path, steps: int | None = None, *, whole: bool = False) -> Verdict:
    """Replay a run and compare every number with the recorded one. Nothing in the directory is changed.

    Args:
        directory: of the run.
        steps: updates to replay; None: as many as were recorded.
        whole: begin at the beginning, and not at the previous checkpoint.

    Raises:
        InputError: it is no run, or nothing was recorded in the updates that were asked for.
        DataError: what a replay needs is damaged, or the data is not what it was.
    """
    run = read_run(directory)
    damaged, checkpoints = _look_over(run)
    if any(METRICS in problem or ".parquet" in problem for problem in damaged):
        raise DataError(" ".join(damaged))
    config = run.experiment()
    use_recorded_threads(config, run.manifest)
    prepared = prepare(replace(config, train=replace(config.train, max_minutes=None)))
    check_data(run.manifest, prepared.task.digests)
    changes = environment_changes(run.manifest.content, describe_environment(prepared.device))
    newest = checkpoints[0] if checkpoints else None
    if len(checkpoints) > 1 and not whole:
        prepared.trainer.load_state_dict(checkpoints[1]["trainer"])
    first = prepared.trainer.progress.step
    last = _step(newest) if newest and run.manifest.status != "diverged" else prepared.trainer.total_steps
    if steps is not None:
        last = min(last, first + steps)
    comparison = Replay(directory, newest, last)
    difference = _replayed(prepared, comparison, run)
    if difference is None and comparison.compared == 0:
        raise InputError(f"{directory}: nothing was recorded in the updates {first} to {last}; replay more of them.")
    return Verdict(damaged, first, prepared.trainer.progress.step, comparison.compared, difference, changes)


def _replayed(prepared: Prepared, comparison: Replay, run: SavedRun) -> str | None:
    """The first difference between a run and its replay, if there is one."""
    try:
        prepared.trainer.run([comparison], comparison.stop)
    except DifferentError as error:
        return str(error)
    except DivergedError as error:
        recorded = str(run.manifest.content.get("reason"))
        return None if recorded.startswith(str(error)) else f"{error}; recorded: {run.manifest.status}, {recorded}"
    return None


def _look_over(run: SavedRun) -> tuple[list[str], list[dict[str, Any]]]:
    """What is damaged, and the checkpoints that are whole, the newest first."""
    damaged, whole = [], []
    checkpoints = Checkpoints(run.directory, run.manifest)
    for path in checkpoints.paths():
        try:
            whole.append(checkpoints.load(path))
        except DataError as error:
            damaged.append(str(error))
    if digest(run.experiment()) != run.manifest.content.get("config_digest"):
        damaged.append(f"{run.directory / CONFIG}: is not the configuration this run was made with.")
    try:
        if whole:
            metrics.check(run.directory / METRICS, whole[0]["metrics"])
    except DataError as error:
        damaged.append(str(error))
    for name, schema in ((GRADIENTS, GRADIENTS_SCHEMA), (SPECTRUM, SPECTRUM_SCHEMA)):
        for part in parts.sealed(run.directory / name):
            try:
                parts.read(part, schema)
            except DataError as error:
                damaged.append(str(error))
    return damaged, whole


def _step(checkpoint: dict[str, Any]) -> int:
    step: int = checkpoint["trainer"]["progress"]["step"]
    return step

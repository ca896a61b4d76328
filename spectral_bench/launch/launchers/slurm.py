"""``launcher=slurm``: job arrays on a Slurm cluster, through submitit."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from spectral_bench.config.load import experiment_config
from spectral_bench.errors import InputError, SpectralBenchError
from spectral_bench.launch.launcher import LAUNCHERS
from spectral_bench.launch.point import Point
from spectral_bench.launch.shared_folder import marked, missing_extra, results_folders
from spectral_bench.launch.slurm_job import TIME_IS_UP, SlurmJob
from spectral_bench.launch.slurm_queue import (
    SlurmError,
    cancel_jobs,
    check_controller,
    largest_array,
    living_jobs,
    slurm,
    stop_jobs,
)
from spectral_bench.launch.worker import SETTLED, PointResult, Treatment, found_settled
from spectral_bench.runs.directory import cannot_write
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.point_claim import standing_of
from spectral_bench.training.stop import Stop

#: Seconds between two looks at the files of results, and between two at the queue, which other users ask as well.
_LOOK, _ASK = 0.5, 10.0

#: Seconds after which the result of a job that left the queue counts as lost: shared folders show files late.
_LATE = 10.0


#: Seconds for which Slurm may say nothing of its queue: a controller that is started again, while jobs go on.
_SILENCE = 600.0

#: Seconds by which Slurm may send a signal earlier than it was asked to (``sbatch --signal``).
_EARLY = 60


@dataclass(frozen=True)
class SlurmConfig:
    """Configuration of the Slurm launcher; ``conf/launcher/slurm.yaml`` says what the keys mean."""

    name: str
    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    minutes: int
    stop_before: int
    requeues: int
    cpus: int
    gpus: int
    memory: float | None
    points_per_job: int
    jobs_at_once: int
    setup: list[str]
    wait: bool

    def __post_init__(self) -> None:
        for key in ("minutes", "stop_before", "cpus", "points_per_job", "jobs_at_once"):
            if getattr(self, key) < 1:
                raise InputError(f"launcher.{key}={getattr(self, key)}: expected 1 or more.")
        for key in ("gpus", "requeues"):
            if getattr(self, key) < 0:
                raise InputError(f"launcher.{key}={getattr(self, key)}: expected 0 or more.")
        if self.memory is not None and self.memory <= 0:
            raise InputError(f"launcher.memory={self.memory:g}: expected more than 0 GB, or null.")
        longest = 60 * self.minutes - _EARLY
        if self.stop_before >= longest:
            raise InputError(
                f"launcher.stop_before={self.stop_before}: a job of launcher.minutes={self.minutes} would be stopped "
                f"before it trains, for Slurm may send the signal {_EARLY} s early. Expected less than {longest}, or "
                "longer jobs."
            )

    def parameters(self) -> dict[str, Any]:
        """The same in the words of submitit, which are those of ``sbatch``."""
        words = {
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
            "time": self.minutes,
            "cpus_per_task": self.cpus,
            "gpus_per_node": self.gpus or None,
            "mem": None if self.memory is None else f"{self.memory * 1000:.0f}MB",
        }
        return {word: value for word, value in words.items() if value is not None}


@dataclass
class _Submitted:
    """A job in the queue.

    Attributes:
        job: submitit's.
        points: that it trains.
        missed_since: when it was first found to have left the queue without a result.
    """

    job: Any
    points: Sequence[Point]
    missed_since: float | None = None


@LAUNCHERS.register("slurm")
class SlurmLauncher:
    """Hands the points to Slurm, several a job where they are small, jobs of one array as far as Slurm lets them."""

    Config = SlurmConfig

    def __init__(self, config: SlurmConfig) -> None:
        self.config = config
        # Read by submitit when it is imported, here and in the jobs.
        os.environ["SUBMITIT_PREEMPT_SIGNAL"] = TIME_IS_UP.removeprefix("SIG")
        try:
            import submitit
        except ImportError as error:
            raise missing_extra("slurm", "slurm", error) from error
        self._engine = submitit

    def check(self, points: Sequence[Point]) -> None:
        """See that there is a Slurm which would take these jobs; see ``Launcher.check``."""
        for command in ("sbatch", "srun", "squeue", "scancel", "scontrol"):
            if shutil.which(command) is None:
                raise InputError(
                    f"launcher=slurm: there is no {command} on the PATH. Start the grid on a host of a Slurm cluster, "
                    "or choose launcher=local."
                )
        check_controller()
        flags = [f"--{word.replace('_', '-')}={value}" for word, value in self.config.parameters().items()]
        try:
            slurm("sbatch", "--test-only", "--wrap=true", *flags)
        except SlurmError as error:
            raise InputError(f"launcher=slurm: Slurm would not take such a job: {error}") from error
        for folder in results_folders(points):
            with marked(folder):
                pass

    def room(self, point: Point) -> None:
        """The cluster knows; see ``Launcher.room``."""

    def run(self, points: Sequence[Point], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
        """Submit what there is to train, and watch it if that is wanted; see ``Launcher.run``."""
        to_train: list[Point] = []
        for point in points:
            known = _known(point, treatment)
            if known is None:
                to_train.append(point)
            else:
                yield known
        if stop.cause is not None:
            yield from (PointResult(point.name, "not reached") for point in to_train)
            return
        if not to_train:
            return
        folder = _new_folder(to_train)
        submitted = self._submit(to_train, replace(treatment, threads=self.config.cpus), folder)
        if self.config.wait:
            yield from _watch(submitted, treatment, stop)
            return
        for one in submitted:
            for point in one.points:
                yield PointResult(point.name, "submitted", message=f"job {one.job.job_id}, logs in {folder}")

    def _submit(self, points: Sequence[Point], treatment: Treatment, folder: Path) -> list[_Submitted]:
        """All jobs, or none."""
        size, limit = self.config.points_per_job, largest_array()
        packs = [points[first : first + size] for first in range(0, len(points), size)]
        executor = self._engine.SlurmExecutor(folder, max_num_timeout=self.config.requeues)
        executor.update_parameters(
            **self.config.parameters(),
            job_name="spectral-bench",
            signal_delay_s=self.config.stop_before,
            array_parallelism=self.config.jobs_at_once,
            setup=[f"export SUBMITIT_PREEMPT_SIGNAL={TIME_IS_UP.removeprefix('SIG')}", *self.config.setup],
            wckey=None,
        )
        submitted: list[_Submitted] = []
        try:
            for first in range(0, len(packs), limit):
                array = packs[first : first + limit]
                with executor.batch():
                    jobs = [executor.submit(SlurmJob(pack, treatment)) for pack in array]
                submitted += [_Submitted(job, pack) for job, pack in zip(jobs, array, strict=True)]
        except BaseException as error:
            if submitted:
                cancel_jobs(one.job.job_id for one in submitted)
            if isinstance(error, Exception):
                raise SlurmError(f"launcher=slurm: the jobs could not be submitted: {_last_line(error)}") from error
            raise
        return submitted


def _known(point: Point, treatment: Treatment) -> PointResult | None:
    """The result of a point for which no job is needed, because it is there or another process is making it."""
    config = experiment_config(point.config, KINDS)
    standing = standing_of(replace(config, results_dir=point.results_dir), treatment.again)
    if standing.state == "running":
        return PointResult(point.name, "running elsewhere", standing.directory, f"{standing.holder}, is at work on it.")
    if standing.is_settled:
        return found_settled(point, standing)
    return None


def _new_folder(points: Sequence[Point]) -> Path:
    """For scripts, logs and pickled points; only this user may write there, for jobs run what it holds."""
    results = points[0].results_dir
    folder = results / ".slurm" / datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise cannot_write(results, folder, error) from error
    return folder


def _watch(submitted: Sequence[_Submitted], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
    """The results as the jobs end."""
    waiting, told, asked = list(submitted), False, time.monotonic()
    answered = asked
    try:
        while waiting:
            for one in [one for one in waiting if one.job.paths.result_pickle.exists()]:
                waiting.remove(one)
                yield from _results(one)
            if stop.cause is not None and not told:
                stop_jobs([one.job.job_id for one in waiting], stop.cause)
                told, asked = True, 0.0
            if waiting and time.monotonic() - asked > (_ASK if not told else 2 * _LOOK):
                try:
                    lost = _lost(waiting, 4 * _LOOK if told else _LATE)
                    answered = time.monotonic()
                except SlurmError:
                    lost = []
                    if time.monotonic() - answered > _SILENCE:
                        raise
                asked = time.monotonic()
                for one in lost:
                    waiting.remove(one)
                    yield from _without_result(one, treatment, stop)
            time.sleep(_LOOK)
    finally:
        if waiting:
            with suppress(SlurmError):  # it is silent, and an error on its way says so
                cancel_jobs(one.job.job_id for one in waiting)


def _lost(waiting: Sequence[_Submitted], patience: float) -> list[_Submitted]:
    """The jobs that have left the queue a while ago and left no result."""
    living, now = living_jobs(), time.monotonic()
    for one in waiting:
        if one.job.job_id in living:
            one.missed_since = None
        elif one.missed_since is None:
            one.missed_since = now
    return [one for one in waiting if one.missed_since is not None and now - one.missed_since >= patience]


def _results(one: _Submitted) -> list[PointResult]:
    try:
        results: list[PointResult] = one.job.result()
    except Exception as error:  # whatever the job raised: submitit hands on its traceback
        message = f"job {one.job.job_id}: {_last_line(error)} Its log: {one.job.paths.stderr}"
        return [PointResult(point.name, "failed", message=message, exit_code=1) for point in one.points]
    return results


def _without_result(one: _Submitted, treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
    """What became of the points of a job that is gone."""
    log = one.job.paths.stderr
    for point in one.points:
        known = _known(point, treatment)
        if known is not None and known.state in SETTLED:
            yield known
        elif stop.cause is not None:
            yield PointResult(point.name, "not reached")
        else:
            hint = f"its log: {log}" if log.exists() else f"it left no log: do the nodes see {log.parent}?"
            message = f"job {one.job.job_id} ended without a result; {hint}"
            yield PointResult(point.name, "lost", message=message, exit_code=1)


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" -")]
    return lines[-1] if lines and not isinstance(error, SpectralBenchError) else str(error)

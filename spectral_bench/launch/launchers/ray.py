"""``launcher=ray``: every point a task on a Ray cluster."""

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spectral_bench.errors import InputError, SpectralBenchError
from spectral_bench.launch.launcher import LAUNCHERS
from spectral_bench.launch.point import Point
from spectral_bench.launch.shared_folder import (
    NotSharedError,
    check_mark,
    marked,
    missing_extra,
    results_folders,
)
from spectral_bench.launch.worker import PointResult, Treatment, work_on
from spectral_bench.training.stop import Stop

#: Seconds within which the head of a cluster must take a connection.
_PATIENCE = 10.0

#: Seconds between two looks at ``stop``.
_LOOK = 0.3


class RayError(SpectralBenchError):
    """The Ray cluster failed; the message is Ray's."""


@dataclass(frozen=True)
class RayConfig:
    """Configuration of the Ray launcher; ``conf/launcher/ray.yaml`` says what the keys mean."""

    name: str
    address: str | None
    num_cpus: float
    num_gpus: float
    retries: int

    def __post_init__(self) -> None:
        if self.num_cpus <= 0:
            raise InputError(f"launcher.num_cpus={self.num_cpus:g}: expected more than 0.")
        if self.num_gpus < 0:
            raise InputError(f"launcher.num_gpus={self.num_gpus:g}: expected 0 or more.")
        if self.retries < 0:
            raise InputError(f"launcher.retries={self.retries}: expected 0 or more.")


@LAUNCHERS.register("ray")
class RayLauncher:
    """Hands the points to Ray, which gives each to a node with room for it and tries again when a node is lost."""

    Config = RayConfig

    def __init__(self, config: RayConfig) -> None:
        self.config = config
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise missing_extra("ray", "ray", error) from error
        self._ray: Any = ray

    def check(self, points: Sequence[Point]) -> None:
        """Connect to the cluster, or start one here; see ``Launcher.check``."""
        self._check_address()
        for folder in results_folders(points):
            with marked(folder):
                pass
        self._connect()

    def room(self, point: Point) -> None:
        """The cluster knows; see ``Launcher.room``."""

    def run(self, points: Sequence[Point], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
        """Hand out the points; see ``Launcher.run``."""
        self._connect()
        treatment = replace(treatment, threads=max(1, round(self.config.num_cpus)))
        resources = {"num_cpus": self.config.num_cpus, "num_gpus": self.config.num_gpus}
        train = self._ray.remote(**resources, max_retries=self.config.retries)(_train)
        with ExitStack() as stack:
            marks = {folder: stack.enter_context(marked(folder)) for folder in results_folders(points)}
            waiting = {train.remote(point, treatment, marks[point.results_dir]): point for point in points}
            try:
                yield from self._results(waiting, stop)
            finally:
                for task in waiting:
                    self._ray.cancel(task, force=True)

    def _results(self, waiting: dict[Any, Point], stop: Stop) -> Iterator[PointResult]:
        warned = False
        while waiting:
            if stop.cause is not None and not warned:
                for task in waiting:
                    self._ray.cancel(task)  # arrives as the SIGINT by which a training stops with a checkpoint
                warned = True
            ended, _ = self._ray.wait(list(waiting), timeout=_LOOK)
            for task in ended:
                result = self._result(task, waiting[task])
                del waiting[task]
                yield result

    def _result(self, task: Any, point: Point) -> PointResult:
        from ray.exceptions import RayError as EngineError
        from ray.exceptions import RayTaskError, TaskCancelledError

        try:
            result: PointResult = self._ray.get(task)
        except TaskCancelledError:
            return PointResult(point.name, "not reached")
        except RayTaskError as error:
            if isinstance(error.cause, NotSharedError):  # Ray's own exception has a traceback for a message
                raise error.cause from None
            return PointResult(point.name, "failed", message=str(error.cause), exit_code=1)
        except EngineError as error:  # the worker, its node, or its memory
            message = f"its worker was lost {self.config.retries + 1} times: {_first_line(error)}"
            return PointResult(point.name, "lost", message=message, exit_code=1)
        return result

    def _check_address(self) -> None:
        address = self.config.address
        if address not in (None, "auto") and not self._ray.is_initialized():
            _check_answers(str(address))

    def _connect(self) -> None:
        """Connect, unless this process is connected.

        Raises:
            InputError: no Ray answers at the address.
            RayError: it answers and fails.
        """
        if self._ray.is_initialized():
            return
        address = self.config.address
        here = {} if address else {"include_dashboard": False}
        with _own_handlers():
            try:
                self._ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **here)
            except (ConnectionError, ValueError) as error:
                raise InputError(f"launcher.address={address}: no Ray answers ({_first_line(error)})") from error
            except (Exception, SystemExit) as error:  # Ray ends the process when it cannot reach a cluster
                where = (
                    "Ray could not be started here" if address is None else f"launcher.address={address}: Ray failed"
                )
                raise RayError(f"{where}: {_first_line(error)}") from error


def _train(point: Point, treatment: Treatment, mark: Path) -> PointResult:
    """Runs in a worker of Ray, in its main thread."""
    check_mark(mark)
    return work_on(point, treatment)


def _check_answers(address: str) -> None:
    """See that somebody listens: Ray itself would try for minutes and then end the process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise InputError(f"launcher.address={address}: expected HOST:PORT of the head of a Ray cluster, auto or null.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"launcher.address={address}: no Ray answers there ({error}). `ray start --head` starts one."
        ) from error


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Keep the handlers of signals, of which Ray replaces some."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

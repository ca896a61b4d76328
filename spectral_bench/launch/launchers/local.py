"""``launcher=local``: several processes on this machine.

Every slot is an executor of the standard library with one worker, so that a worker that is killed takes no other with
it, and keeps to the GPU it was given. Workers stay for the whole grid, and PyTorch is imported once, before they are
forked.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess
from typing import ClassVar

import torch

from spectral_bench.errors import InputError
from spectral_bench.launch.fork_server import leave_group, starting_worker
from spectral_bench.launch.launcher import LAUNCHERS
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult, Treatment, work_on
from spectral_bench.runs.cores import usable_cores
from spectral_bench.runs.interruption import exit_code
from spectral_bench.training.stop import Stop

#: Seconds between two looks at whether the grid is to stop.
_POLL = 0.2

_VISIBLE = "CUDA_VISIBLE_DEVICES"

#: Set while this process, a worker, trains a point.
_at_work = threading.Event()


@dataclass(frozen=True)
class LocalConfig:
    """Configuration of the local launcher."""

    name: str
    workers: int | None
    per_gpu: int

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"launcher.workers={self.workers}: expected at least 1, or null for all cores.")
        if self.per_gpu < 1:
            raise InputError(f"launcher.per_gpu={self.per_gpu}: expected at least 1.")


@LAUNCHERS.register("local")
class LocalLauncher:
    """Trains points in processes of this machine."""

    Config: ClassVar[type[LocalConfig]] = LocalConfig

    def __init__(self, config: LocalConfig) -> None:
        self._config = config

    def check(self, points: Sequence[Point]) -> None:
        """Nothing that could be missing."""

    def room(self, point: Point) -> int:
        """Workers for points like this one: as many as were asked for, or as its GPUs or the cores take."""
        return self._config.workers or self._default_room(point.config["device"], point.config["train"]["threads"])

    def run(self, points: Sequence[Point], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
        """Run points on all slots; see ``Launcher.run``."""
        slots = [Slot(gpu) for gpu in self._gpus(points)]
        waiting, idle = deque(points), list(reversed(slots))
        busy: dict[Future[PointResult], tuple[Slot, Point]] = {}
        try:
            while waiting or busy:
                while waiting and (idle or stop.cause is not None):
                    point = waiting.popleft()
                    if stop.cause is not None:
                        yield PointResult(point.name, "not reached")
                        continue
                    slot = idle.pop()
                    busy[slot.begin(point, treatment)] = slot, point
                if stop.cause is not None:
                    for slot, _ in busy.values():
                        slot.signal(stop.cause)
                for future in wait(busy, _POLL, FIRST_COMPLETED).done:
                    slot, point = busy.pop(future)
                    idle.append(slot)
                    yield _result(future, slot, point, stop)
        finally:
            for slot in slots:  # all of them before one is waited for, which a signal may end
                slot.kill()
            for slot in slots:
                slot.close()

    def _gpus(self, points: Sequence[Point]) -> list[str | None]:
        """For every slot the GPU that its worker sees; None: all of them."""
        kinds = {(point.config["device"], point.config["train"]["threads"]) for point in points}
        count = min(len(points), self._config.workers or min(self._default_room(*kind) for kind in kinds))
        gpus = _visible_gpus() if {device for device, _ in kinds} == {"cuda"} else []
        return [gpus[number % len(gpus)] if gpus else None for number in range(count)]

    def _default_room(self, device: str, threads: int | None) -> int:
        if device.startswith("cuda"):  # cuda:1 is one GPU, cuda any
            return self._config.per_gpu * (max(1, len(_visible_gpus())) if device == "cuda" else 1)
        return max(1, usable_cores() // (threads or 1))


class Slot:
    """A place for one worker, which is started when there is work and again after it died.

    Args:
        gpu: the only GPU the worker sees; None: all of them.
    """

    def __init__(self, gpu: str | None) -> None:
        self._gpu = gpu
        self._executor: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None
        self._worker: list[BaseProcess] = []
        self._signalled = False

    def begin(self, point: Point, treatment: Treatment) -> Future[PointResult]:
        """Hand a point to the worker; to one that has died the future is as if it had died of this point."""
        try:
            if self._executor is None:
                with starting_worker(work_on.__module__) as context:
                    others = set(multiprocessing.active_children())
                    self._executor = ProcessPoolExecutor(1, context, _prepare_worker, (self._gpu,))
                    self._pid = self._executor.submit(os.getpid)
                    self._worker = [child for child in multiprocessing.active_children() if child not in others]
            return self._executor.submit(_work, point, treatment)
        except BrokenProcessPool as error:
            lost: Future[PointResult] = Future()
            lost.set_exception(error)
            return lost

    def signal(self, name: str) -> None:
        """Pass a signal on to the worker, once; before it lives there is nobody to get it."""
        if not self._signalled and self._pid is not None and self._pid.done() and self._pid.exception() is None:
            self._signalled = True
            with suppress(ProcessLookupError):
                os.kill(self._pid.result(), getattr(signal, name, signal.SIGTERM))

    def lose(self) -> None:
        """Forget a worker that died."""
        self._end_executor()
        self._executor = self._pid = None

    def kill(self) -> None:
        """End the worker at once, even if it is at work or has only been started."""
        for process in self._worker:
            process.kill()

    def close(self) -> None:
        """End the worker at once, and wait until nothing is left of it."""
        self.kill()
        self._end_executor()

    def _end_executor(self) -> None:
        # Wait for its thread, which ends with the dead worker: were it still at that when this process ends, the
        # standard library would write to the pipe that the thread has just closed, and say so on the terminal.
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)


def _result(future: Future[PointResult], slot: Slot, point: Point, stop: Stop) -> PointResult:
    try:
        return future.result()
    except BrokenProcessPool:
        slot.lose()
        if stop.cause is not None:
            return PointResult(point.name, "not reached")
        return PointResult(point.name, "lost", message="its worker process was killed", exit_code=1)


def _visible_gpus() -> list[str]:
    """The GPUs that may be used, in the words of CUDA_VISIBLE_DEVICES."""
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(_VISIBLE, "").split(",") if name.strip()]
    return named[:count] if named else [str(index) for index in range(count)]


def _prepare_worker(gpu: str | None) -> None:
    """In a new worker: see one GPU, hear no signals but those meant for it, and outlive nobody."""
    if gpu is not None:
        os.environ[_VISIBLE] = gpu
    leave_group()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """When the process that started the grid is gone, stop with a checkpoint, and end."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait_for([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    while _at_work.is_set():
        time.sleep(_POLL)
    os._exit(exit_code("SIGTERM"))


def _work(point: Point, treatment: Treatment) -> PointResult:
    _at_work.set()
    try:
        return work_on(point, treatment, second_ends=False)
    finally:
        _at_work.clear()

"""Several processes on this machine give the same numbers as one, each point once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import torch
from small_runs import small_overrides

from spectral_bench.launch.launchers import LAUNCHERS
from spectral_bench.launch.launchers import local as local_launcher
from spectral_bench.launch.launchers.local import LocalLauncher, Slot
from spectral_bench.launch.point import Point, compose_grid
from spectral_bench.launch.schedule import run_points
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.runs import cores
from spectral_bench.runs.run_lookup import PointKey
from spectral_bench.training.stop import Stop
from spectral_bench.ui.grid import say_crowding


def local(workers: int = 2) -> LocalLauncher:
    return LocalLauncher(LocalLauncher.Config(name="local", workers=workers, per_gpu=1))


def points_of(results: Path, *overrides: str) -> list[Point]:
    return compose_grid(small_overrides(results, *overrides)).points


@pytest.mark.parametrize(
    ("device", "threads", "room"), [("cpu", 1, 8), ("cpu", 3, 2), ("cpu", 16, 1), ("cuda", 4, 6), ("cuda:1", 4, 2)]
)
def test_there_is_room_for_as_many_points_as_cores_or_gpus_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, threads: int, room: int
) -> None:
    monkeypatch.setattr(local_launcher, "usable_cores", lambda: 8)
    monkeypatch.setattr(local_launcher, "_visible_gpus", lambda: ["0", "1", "2"])
    points = points_of(tmp_path, f"device={device}", f"train.threads={threads}", "seed=range(0,20)")
    launcher = LocalLauncher(LocalLauncher.Config(name="local", workers=None, per_gpu=2))
    assert launcher.room(points[0]) == len(launcher._gpus(points)) == room
    assert launcher._gpus(points)[:2] == (["0", "1"] if device == "cuda" else [None, None])[:room]
    assert local(5).room(points[0]) == 5


class SlotOfRecord:
    """A slot whose worker writes down what it gets, and ends when it is told to."""

    made: list["SlotOfRecord"]

    def __init__(self, gpu: str | None) -> None:
        self.gpu = gpu
        self.points: list[str] = []
        self.made.append(self)

    def begin(self, point: Point, _: Treatment) -> Future[PointResult]:
        self.points.append(point.name)
        done: Future[PointResult] = Future()
        done.set_result(PointResult(point.name, "done"))
        return done

    def kill(self) -> None:
        """Nothing was started."""

    close = kill


@pytest.mark.parametrize(
    ("device", "per_gpu", "seen"),
    [
        ("cuda", 1, ["0", "1", "2"]),
        ("cuda", 2, ["0", "1", "2", "0", "1", "2"]),
        ("cuda:1", 2, [None, None]),  # PyTorch finds that one among all
        ("cpu", 2, [None, None]),
    ],
)
def test_gpus_are_handed_out_in_turn_and_each_trains_so_many_points_at_a_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, per_gpu: int, seen: list[str | None]
) -> None:
    monkeypatch.setattr(SlotOfRecord, "made", [], raising=False)
    monkeypatch.setattr(local_launcher, "Slot", SlotOfRecord)
    monkeypatch.setattr(local_launcher, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    points = points_of(tmp_path, f"device={device}", "seed=range(0,12)")
    launcher = LocalLauncher(LocalLauncher.Config(name="local", workers=None, per_gpu=per_gpu))
    results = list(launcher.run(points, Treatment(), Stop()))
    assert [slot.gpu for slot in SlotOfRecord.made] == seen
    assert sorted(result.point for result in results) == sorted(point.name for point in points)
    # The first round goes once around.
    assert [slot.points[0] for slot in SlotOfRecord.made] == [f"seed={number}" for number in range(len(seen))]


@pytest.mark.parametrize(
    ("workers", "threads", "load", "said"),
    [
        (2, 1, 0.0, ""),
        (3, 1, 0.0, "3 threads on 2 cores"),
        (2, 2, 0.0, "4 threads on 2 cores"),
        (1, 1, 4.0, "is 4.0 on 2"),
    ],
)
def test_more_threads_than_cores_and_a_load_beyond_them_are_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    workers: int,
    threads: int,
    load: float,
    said: str,
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(cores, "_load", lambda: load)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    grid = compose_grid(small_overrides(tmp_path, "seed=range(0,4)", f"train.threads={threads}"))
    say_crowding(grid, local(workers))
    message = capsys.readouterr().err
    assert said in message
    assert bool(message) == bool(said)


def test_only_the_gpus_that_may_be_seen_are_handed_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, GPU-abc")
    points = points_of(tmp_path, "device=cuda", "seed=range(0,3)")
    launcher = LocalLauncher(LocalLauncher.Config(name="local", workers=3, per_gpu=1))
    assert launcher._gpus(points) == ["5", "GPU-abc", "5"]


def test_a_worker_sees_the_gpu_it_was_given_alone() -> None:
    slot = Slot("7")
    slot.begin(Point("none", (), PointKey("0", 0), {}, Path("/")), Treatment())
    assert slot._executor is not None
    try:
        assert slot._executor.submit(os.getenv, "CUDA_VISIBLE_DEVICES").result(60) == "7"
    finally:
        slot.close()


def timeless(results: Path) -> dict[str, list[str]]:
    """The metrics of every run without their time columns, by digest and seed."""
    return {
        "-".join(file.parent.name.split("-")[2:4]): [line.rsplit(",", 2)[0] for line in file.read_text().splitlines()]
        for file in results.glob("*/*/*/metrics.csv")
    }


def test_local_workers_give_the_numbers_of_one_process(tmp_path: Path) -> None:
    grid = ("seed=range(0,6)", "optimizer.lr=1e-3,1e-2")
    serial = LAUNCHERS["serial"](LAUNCHERS["serial"].Config(name="serial"))
    for launcher, folder in ((serial, "serial"), (local(), "local")):
        points = points_of(tmp_path / folder, *grid)
        results = list(launcher.run(points, Treatment(), Stop()))
        assert sorted(result.point for result in results) == sorted(point.name for point in points)
        assert {result.state for result in results} == {"done"}
    assert len(timeless(tmp_path / "serial")) == 12
    assert timeless(tmp_path / "serial") == timeless(tmp_path / "local")


def workers() -> Iterator[psutil.Process]:
    """The processes at work below this one that train."""
    for process in psutil.Process().children(recursive=True):
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == process.pid:
                yield process


def when_training(results: Path, action: object) -> threading.Thread:
    """Call a function once a run has begun to train."""

    def wait() -> None:
        while not list(results.glob("*/*/*/metrics.csv")):
            time.sleep(0.05)
        action()  # type: ignore[operator]

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.faults
def test_a_worker_that_is_killed_costs_its_point_a_second_try_and_no_other_anything(tmp_path: Path) -> None:
    points = points_of(tmp_path, "seed=range(0,4)", "train.steps=300", "train.checkpoint_every=20")
    when_training(tmp_path, lambda: next(workers()).kill())
    retried: list[PointResult] = []
    results = list(run_points(points, local(), Treatment(), Stop(), on_retry=retried.append))
    assert [result.state for result in retried] == ["lost"]
    assert sorted((result.point, result.state) for result in results) == [(f"seed={n}", "done") for n in range(4)]
    assert len(list(tmp_path.glob("*/*/*/manifest.json"))) == 4


def test_a_worker_that_dies_between_two_points_costs_the_next_a_second_try_and_not_the_grid(tmp_path: Path) -> None:
    retried: list[PointResult] = []
    ends = run_points(points_of(tmp_path, "seed=1,2"), local(1), Treatment(), Stop(), on_retry=retried.append)
    results = [next(ends)]
    (worker,) = workers()
    worker.kill()
    time.sleep(0.5)  # usually long enough for the executor to notice; where it is not, it notices with the point
    results += ends
    assert [(result.point, result.state) for result in results] == [("seed=1", "done"), ("seed=2", "done")]
    assert [(result.point, result.state) for result in retried] == [("seed=2", "lost")]


def test_a_worker_that_was_only_just_started_ends_with_its_grid(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path, "train.steps=1000000")
    slot = Slot(None)
    slot.begin(point, Treatment())  # it has not said its number yet
    (worker,) = slot._worker
    slot.close()
    worker.join(20)
    assert not worker.is_alive()
    assert not list(tmp_path.glob("*/*/*/metrics.csv"))


def test_a_closed_slot_leaves_no_thread_to_end_while_the_interpreter_does(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    (point,) = points_of(tmp_path, "train.steps=1000000")
    slot = Slot(None)
    slot.begin(point, Treatment())
    assert set(threading.enumerate()) - before
    slot.close()
    assert set(threading.enumerate()) <= before


def test_a_stop_reaches_all_workers_which_leave_checkpoints(tmp_path: Path) -> None:
    points = points_of(tmp_path, "seed=range(0,4)", "train.steps=1000000")
    stop = Stop()
    when_training(tmp_path, lambda: stop.ask("SIGTERM"))
    results = list(local().run(points, Treatment(), stop))
    states = sorted(result.state for result in results)
    assert len(results) == 4
    assert set(states) <= {"not reached", "stopped"}
    stopped = [result for result in results if result.state == "stopped"]
    assert {(result.exit_code, result.stop_cause) for result in stopped} == {(128 + signal.SIGTERM, "SIGTERM")}
    # A point that was stopped before its first update has no directory.
    begun = [result.directory for result in stopped if result.directory is not None]
    assert begun
    assert all((directory / "checkpoint.pt").exists() for directory in begun)

"""What a worker does with a point: train it, go on with it, or leave it alone."""

import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from small_runs import only_run, small_overrides

from spectral_bench.errors import DataError, InputError
from spectral_bench.launch import worker
from spectral_bench.launch.launchers import LAUNCHERS
from spectral_bench.launch.point import Point, compose_grid
from spectral_bench.launch.slurm_job import SlurmJob
from spectral_bench.launch.worker import Treatment, work_on
from spectral_bench.runs.lock import locked
from spectral_bench.runs.point_claim import claimed, standing_of
from spectral_bench.training.observer import Observer, Update
from spectral_bench.training.stop import Stop


def points_of(results: Path, *overrides: str, model: str = "svdrnn") -> list[Point]:
    grid = compose_grid(small_overrides(results, *overrides, model=model))
    assert grid.rejected == []
    return grid.points


def test_a_point_crosses_to_a_worker_and_its_result_comes_back(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path)
    result = work_on(pickle.loads(pickle.dumps(point)), Treatment())  # noqa: S301
    assert (result.state, result.exit_code, result.directory) == ("done", 0, only_run(tmp_path))
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301


def test_a_point_is_trained_once_unless_it_is_asked_for_again(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path)
    states = [work_on(point, Treatment(again=again)).state for again in (None, None, "a grid", "a grid", "another")]
    assert states == ["done", "done before", "done", "done before", "done"]
    assert len(list(tmp_path.glob("copy/*/*"))) == 3
    assert list((tmp_path / ".claims").iterdir()) == []


class SignalledOnce(Observer):
    """Sends this process a signal after the fourth update."""

    def __init__(self, name: str) -> None:
        self._number = signal.Signals[name]

    def on_update(self, update: Update) -> None:
        if update.step == 4:
            signal.raise_signal(self._number)


class QueuedAgain(BaseException):
    """The job of Slurm ends here, and starts again."""


def queue_again(*_: object) -> NoReturn:
    raise QueuedAgain


def test_a_job_that_trains_again_and_is_queued_again_goes_on_with_its_own_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = points_of(tmp_path)
    before = work_on(point, Treatment()).directory
    job = SlurmJob([point], Treatment(again="a grid"))
    before_us = signal.signal(signal.SIGUSR1, queue_again)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(worker, "open_sinks", lambda *_: [SignalledOnce("SIGUSR1")])
            with pytest.raises(QueuedAgain):
                job()
    finally:
        signal.signal(signal.SIGUSR1, before_us)
    (begun,) = set(tmp_path.glob("copy/*/*")) - {before}
    (result,) = pickle.loads(pickle.dumps(job))()  # noqa: S301
    assert (result.state, result.directory) == ("done", begun)
    assert len(list(tmp_path.glob("copy/*/*"))) == 2


def test_a_failed_try_to_train_again_is_told_with_its_own_directory_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = points_of(tmp_path)
    before = work_on(point, Treatment()).directory
    with monkeypatch.context() as patch:
        patch.setattr(SignalledOnce, "on_update", lambda *_: 1 / 0)
        failed = work_on(point, Treatment(again="a grid"), [SignalledOnce("SIGINT")])
    assert failed.state == "failed"
    assert failed.directory not in (None, before)
    again = work_on(point, Treatment(again="a grid"))
    assert (again.state, again.directory) == ("done", failed.directory)


def signalled_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, after a SIGINT."""

    def call(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return function(*arguments)

    return call


def without_data(*_: object) -> NoReturn:
    raise DataError("a file is missing")


def test_a_signal_ends_a_grid_whatever_becomes_of_the_point_it_meets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = points_of(tmp_path, "seed=1,2")
    serial = LAUNCHERS["serial"](LAUNCHERS["serial"].Config(name="serial"))

    def states() -> list[str]:
        return [result.state for result in serial.run(points, Treatment(), Stop())]

    with monkeypatch.context() as patch:
        patch.setattr(worker, "prepare", signalled_first(without_data))
        assert states() == ["failed", "not reached"]
    with monkeypatch.context() as patch:
        patch.setattr(worker, "execute", signalled_first(worker.execute))  # after the last look before the training
        assert states() == ["stopped", "not reached"]
    assert states() == ["done", "done"]
    monkeypatch.setattr(worker, "claimed", signalled_first(worker.claimed))
    assert states() == ["done before", "not reached"]


def test_a_point_that_is_held_is_left_alone_and_is_no_error(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path)
    grid = compose_grid(list(point.overrides))
    with claimed(grid.experiments[0]):
        result = work_on(point, Treatment())
        assert standing_of(grid.experiments[0]).state == "running"
    assert (result.state, result.exit_code) == ("running elsewhere", 0)
    assert "process" in result.message
    assert work_on(point, Treatment()).state == "done"


def test_a_point_whose_run_somebody_has_just_begun_to_resume_is_left_alone_and_is_no_error(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path)
    stopped = work_on(point, Treatment(), [SignalledOnce("SIGTERM")]).directory
    assert stopped is not None
    with locked(stopped):
        result = work_on(point, Treatment())
    assert (result.state, result.exit_code) == ("running elsewhere", 0)
    assert work_on(point, Treatment()).state == "done"


def test_a_point_that_was_stopped_is_gone_on_with_in_its_own_directory(tmp_path: Path) -> None:
    (stopped,) = points_of(tmp_path, "train.max_minutes=1e-9")
    result = work_on(stopped, Treatment())
    assert (result.state, result.exit_code, result.stop_cause) == ("stopped", 75, "train.max_minutes")
    (point,) = points_of(tmp_path)
    assert point.key == stopped.key
    assert work_on(point, Treatment()).state == "done"
    assert only_run(tmp_path) == result.directory


def test_a_diverged_point_is_a_result_and_not_trained_again(tmp_path: Path) -> None:
    explosion = ("optimizer=sgd", "optimizer.lr=1e30", "model.activation=identity", "train.steps=30")
    (point,) = points_of(tmp_path, *explosion, model="rnn")
    results = [work_on(point, Treatment()) for _ in range(2)]
    assert [(result.state, result.exit_code) for result in results] == [("diverged", 1), ("diverged before", 1)]
    assert results[0].directory == results[1].directory == only_run(tmp_path)


def test_two_points_with_one_configuration_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"same configuration: 'r=0\.1' and 'r=0\.2'"):
        points_of(tmp_path, "r=0.1,0.2", model="rnn")


def test_the_serial_launcher_runs_every_point_once_and_stops_between_two(tmp_path: Path) -> None:
    points = points_of(tmp_path, "seed=1,2,3")
    serial = LAUNCHERS["serial"](LAUNCHERS["serial"].Config(name="serial"))
    stop, results = Stop(), []
    for result in serial.run(points, Treatment(), stop):
        results.append((result.point, result.state))
        if len(results) == 2:
            stop.ask("SIGTERM")
    assert results == [("seed=1", "done"), ("seed=2", "done"), ("seed=3", "not reached")]

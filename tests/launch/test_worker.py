"""What a worker does with a point: train it, go on with it, or leave it alone."""

import pickle
from pathlib import Path

import pytest
from small_runs import only_run, small_overrides

from spectral_bench.errors import InputError
from spectral_bench.launch.launchers import LAUNCHERS
from spectral_bench.launch.point import Point, compose_grid
from spectral_bench.launch.worker import Treatment, work_on
from spectral_bench.runs.point_claim import claimed, standing_of
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
    states = [work_on(point, Treatment(again=again)).state for again in (False, False, True)]
    assert states == ["done", "kept", "done"]
    assert len(list(tmp_path.glob("*/*/*"))) == 2
    assert not (tmp_path / ".claims").exists()


def test_a_point_that_is_held_is_left_alone_and_is_no_error(tmp_path: Path) -> None:
    (point,) = points_of(tmp_path)
    grid = compose_grid(list(point.overrides))
    with claimed(grid.experiments[0]):
        result = work_on(point, Treatment())
        assert standing_of(grid.experiments[0]).state == "running"
    assert (result.state, result.exit_code) == ("held", 0)
    assert "process" in result.message
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
    assert [result.state for result in results] == ["diverged", "kept"]
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
    assert results == [("seed=1", "done"), ("seed=2", "done"), ("seed=3", "not begun")]

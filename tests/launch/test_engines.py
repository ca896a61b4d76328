"""A grid is the same on every engine, and an engine that is not there is told in a line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from launch.engines import NO_SLURM, grid_command, metrics_of, ray_of_two_nodes, run_grid_of, slurm_answers

from spectral_bench.cli.app import main
from spectral_bench.launch.launchers import slurm as slurm_launcher
from spectral_bench.launch.launchers.ray import RayConfig, RayLauncher
from spectral_bench.launch.point import compose_grid
from spectral_bench.launch.shared_folder import NotSharedError, check_mark, marked
from spectral_bench.launch.slurm_queue import SlurmError
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.training.stop import Stop

#: 24 points.
GRID = ("model=rnn,lstm", "seed=range(1,13)")


@pytest.fixture(scope="module")
def by_serial(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """The metrics of the grid from the loop of one process."""
    results = tmp_path_factory.mktemp("serial")
    done = run_grid_of(results, *GRID, "-q")
    assert done.returncode == 0, done.stderr
    return metrics_of(results)


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Starts a grid that must be refused as wrong input, in one line, with nothing written; returns the line."""

    def run(*words: str) -> str:
        before = sorted(tmp_path.rglob("*"))
        command = grid_command(tmp_path / "results", "model=rnn", *words)
        monkeypatch.setattr(sys, "argv", ["spectral-bench", *command[3:]])
        with pytest.raises(SystemExit) as ended:
            main()
        message = capsys.readouterr().err
        assert (ended.value.code, len(message.splitlines())) == (2, 1), message
        assert sorted(tmp_path.rglob("*")) == before
        return message

    return run


@pytest.mark.skipif(not slurm_answers(), reason=NO_SLURM)
def test_a_grid_on_slurm_gives_the_numbers_of_a_serial_one(
    tmp_path: Path, by_serial: dict[tuple[str, str], str]
) -> None:
    # Six points a job, and more jobs than the cluster allows in one array.
    done = run_grid_of(tmp_path, *GRID, "launcher=slurm", "launcher.points_per_job=6", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(by_serial) == 24
    assert metrics_of(tmp_path) == by_serial
    arrays = {log.name.partition("_")[0] for log in tmp_path.glob(".slurm/*/*_log.out")}
    assert len(arrays) == 2
    manifest = json.loads(next(tmp_path.glob("copy/*/*/manifest.json")).read_text())
    assert manifest["threads"] == 1
    again = run_grid_of(tmp_path, *GRID, "launcher=slurm")
    assert (again.returncode, "24 done before" in again.stdout) == (0, True), again.stdout


@pytest.mark.skipif(not slurm_answers(), reason=NO_SLURM)
def test_without_wait_a_grid_returns_with_the_numbers_of_its_jobs(tmp_path: Path) -> None:
    done = run_grid_of(tmp_path, "model=rnn", "seed=1,2", "launcher=slurm", "launcher.points_per_job=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 submitted" in done.stdout
    (script,) = tmp_path.glob(".slurm/*/[0-9]*_submission.sh")
    job = script.name.partition("_")[0]
    assert f"job {job}" in " ".join(done.stdout.split())
    subprocess.run(["scancel", job], check=True)


@pytest.mark.skipif(not slurm_answers(), reason=NO_SLURM)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["launcher.partition=nowhere"], "invalid partition"),
        (["launcher.cpus=4096"], "slurm would not take such a job"),
        (["launcher.minutes=0"], "expected 1 or more"),
        (["launcher.minutes=5", "launcher.stop_before=240"], "expected less than 240"),
        (["launcher.partitoin=main"], "did you mean 'launcher.partition'?"),
    ],
)
def test_a_job_that_slurm_would_refuse_is_refused_before_anything_is_written(
    refused: Callable[..., str], words: list[str], said: str
) -> None:
    assert said in refused("launcher=slurm", *words).lower()


def test_a_key_of_a_launcher_that_was_not_chosen_is_answered_with_the_word_that_chooses_it(
    refused: Callable[..., str],
) -> None:
    assert "add launcher=NAME" in refused("launcher.workers=2")


def test_where_there_is_no_slurm_it_is_said_in_a_line(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no sbatch on the PATH" in refused("launcher=slurm")


def test_a_slurm_without_a_controller_is_told_in_a_line_and_is_no_wrong_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "srun", "squeue", "scancel", "scontrol"):
        script = tmp_path / "bin" / name
        script.write_text("#!/bin/sh\necho 'Slurmctld(primary) at head is DOWN'; echo '*****'; exit 1\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    command = grid_command(tmp_path / "results", "model=rnn", "launcher=slurm")
    monkeypatch.setattr(sys, "argv", ["spectral-bench", *command[3:]])
    with pytest.raises(SystemExit) as ended:
        main()
    message = capsys.readouterr().err
    assert (ended.value.code, len(message.splitlines())) == (1, 1), message
    assert "`scontrol ping` reaches no controller (scontrol: Slurmctld(primary) at head is DOWN)" in message
    assert not (tmp_path / "results").exists()


def test_a_controller_that_is_silent_for_a_while_ends_no_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (point,) = compose_grid(["results_dir=" + str(tmp_path), "model=rnn"]).points
    paths = SimpleNamespace(result_pickle=tmp_path / "result", stderr=tmp_path / "log")
    job = SimpleNamespace(job_id="7", paths=paths, result=lambda: [PointResult(point.name, "done")])

    def silent(*_: object) -> set[str]:
        paths.result_pickle.touch()  # the job goes on without it
        raise SlurmError("squeue: Unable to contact slurm controller")

    monkeypatch.setattr(slurm_launcher, "living_jobs", silent)
    monkeypatch.setattr(slurm_launcher, "_ASK", 0.0)
    monkeypatch.setattr(slurm_launcher, "cancel_jobs", silent)

    def states() -> list[str]:
        submitted = [slurm_launcher._Submitted(job, [point])]
        return [result.state for result in slurm_launcher._watch(submitted, Treatment(), Stop())]

    assert states() == ["done"]
    paths.result_pickle.unlink()
    monkeypatch.setattr(slurm_launcher, "_SILENCE", 0.0)
    with pytest.raises(SlurmError, match="Unable to contact"):
        states()


def test_a_grid_on_two_nodes_of_ray_gives_the_numbers_of_a_serial_one(
    tmp_path: Path, by_serial: dict[tuple[str, str], str]
) -> None:
    with ray_of_two_nodes() as ray:
        done = run_grid_of(tmp_path, *GRID, "launcher=ray", f"launcher.address={ray.address}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert metrics_of(tmp_path) == by_serial
        workers = {json.loads(file.read_text())["owner"]["pid"] for file in tmp_path.glob("copy/*/*/manifest.json")}
        assert len(workers) >= 2
        assert os.getpid() not in workers


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["launcher.address=127.0.0.1:9"], "no Ray answers there"),
        (["launcher.address=head"], "expected HOST:PORT"),
        (["launcher.num_cpus=0"], "expected more than 0"),
        (["launcher.adress=auto"], "Did you mean 'launcher.address'?"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_in_a_line(
    refused: Callable[..., str], words: list[str], said: str
) -> None:
    pytest.importorskip("ray", reason="no engine: Ray is not installed")
    assert said in refused("launcher=ray", *words)


@pytest.mark.parametrize(("launcher", "engine"), [("slurm", "submitit"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_is_told_with_the_command_that_installs_it(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, launcher: str, engine: str
) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    assert f"pip install 'spectral-bench[{launcher}]'" in refused(f"launcher={launcher}")


@pytest.mark.parametrize("launcher", ["slurm", "ray"])
def test_a_folder_of_results_that_cannot_be_written_is_told_in_a_line(
    tmp_path: Path, refused: Callable[..., str], launcher: str
) -> None:
    if launcher == "slurm" and not slurm_answers():
        pytest.skip(NO_SLURM)
    (tmp_path / "results").write_text("a file")
    assert "cannot be written" in refused(
        f"launcher={launcher}", "launcher.cpus=1" if launcher == "slurm" else "seed=1"
    )


def test_a_worker_that_sees_another_folder_of_results_says_so(tmp_path: Path) -> None:
    with marked(tmp_path / "results") as mark:
        check_mark(mark)
        with pytest.raises(NotSharedError, match="is not shared"):
            check_mark(tmp_path / "elsewhere" / mark.name)
    assert list((tmp_path / "results").iterdir()) == []


def test_a_grid_on_ray_whose_folder_is_not_shared_ends_with_that_message_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="no engine: Ray is not installed")
    from ray.exceptions import RayTaskError

    (point,) = compose_grid(["results_dir=" + str(tmp_path), "model=rnn"]).points
    launcher = RayLauncher(RayConfig("ray", None, 1, 0, 0))

    def get(_: object) -> None:
        raise RayTaskError("train", "Traceback ...", NotSharedError("not shared with host b")).as_instanceof_cause()

    monkeypatch.setattr(ray, "get", get)
    with pytest.raises(NotSharedError) as ended:
        launcher._result(object(), point)
    assert str(ended.value) == "not shared with host b"

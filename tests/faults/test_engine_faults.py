"""Workers, nodes and jobs that are lost: the grid ends as if nothing had been, every point once."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.tally import Tally
from launch.engines import LONG, NO_SLURM, grid_command, metrics_of, ray_of_two_nodes, run_grid_of, slurm_answers

GRID = ("model=rnn", "seed=1,2", *LONG)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    results = tmp_path_factory.mktemp("undisturbed")
    done = run_grid_of(results, *GRID, "launcher=local", "launcher.workers=2", "-q")
    assert done.returncode == 0, done.stderr
    return metrics_of(results)


def first_checkpoint(results: Path, within: float = 120) -> Path:
    """The first run that has one, as soon as there is one."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        found = next(results.glob("copy/rnn/[!.]*/checkpoint.pt"), None)
        if found is not None:
            return found.parent
        time.sleep(0.05)
    raise AssertionError("no training began")


def worker_of(run: Path) -> int:
    pid: int = json.loads((run / "manifest.json").read_text())["owner"]["pid"]
    return pid


def survived(
    tally: Tally,
    results: Path,
    words: list[str],
    harm: Callable[[Path], object],
    undisturbed: dict[tuple[str, str], str],
) -> None:
    """Harm a grid while it trains; if that ends it, the same command goes on. In the end all is there, once."""
    tally.tried("interruptions")
    with subprocess.Popen(
        grid_command(results, *GRID, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as grid:
        harm(first_checkpoint(results))
        said, _ = grid.communicate(timeout=240)
    if grid.returncode:
        done = run_grid_of(results, *GRID, *words)
        assert done.returncode == 0, said + done.stdout + done.stderr
    assert metrics_of(results) == undisturbed
    tally.survived("interruptions")


def job_of(results: Path) -> str:
    (script,) = results.glob(".slurm/*/[0-9]*_submission.sh")
    return script.name.partition("_")[0]


def kill_worker(run: Path) -> None:
    os.kill(worker_of(run), signal.SIGKILL)


def requeue(run: Path) -> None:
    """What Slurm does before a job's time is up; the job then waits in the queue and starts again."""
    job = job_of(run.parents[2])
    subprocess.run(["scancel", "--signal=USR1", job], check=True)
    end = time.monotonic() + 60
    while "Restarts=1" not in subprocess.run(["scontrol", "show", "job", job], capture_output=True, text=True).stdout:
        assert time.monotonic() < end, "the job was not queued again"
        time.sleep(0.5)


def cancel(run: Path) -> None:
    subprocess.run(["scancel", job_of(run.parents[2])], check=True)


@pytest.mark.skipif(not slurm_answers(), reason=NO_SLURM)
@pytest.mark.parametrize("harm", [kill_worker, requeue, cancel])
def test_a_grid_on_slurm_survives(
    harm: Callable[[Path], object], tmp_path: Path, undisturbed: dict[tuple[str, str], str], tally: Tally
) -> None:
    words = ["launcher=slurm", "launcher.points_per_job=2", "--wait", "-q"]
    survived(tally, tmp_path, words, harm, undisturbed)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, int]]:
    with ray_of_two_nodes() as ray:
        yield ray.address, ray.raylet


def test_a_grid_on_ray_survives_the_loss_of_a_worker_and_of_a_node(
    cluster: tuple[str, int], tmp_path: Path, undisturbed: dict[tuple[str, str], str], tally: Tally
) -> None:
    address, raylet = cluster
    words = ["launcher=ray", f"launcher.address={address}", "-q"]
    survived(tally, tmp_path / "worker", words, kill_worker, undisturbed)
    survived(tally, tmp_path / "node", words, lambda _: os.kill(raylet, signal.SIGKILL), undisturbed)

"""Whatever happens to the processes of a grid, the grid started again finishes: every point once, nothing lost."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from faults.tally import Tally
from small_runs import small_overrides

from spectral_bench.runs.layout import CLAIMS, METRICS
from spectral_bench.runs.saved_run import read_saved_run

SEEDS = 4
OPTIONS = ["train.steps=200", "train.checkpoint_every=20", "train.evaluate_every=50", f"seed=range(0,{SEEDS})"]


def command(results: Path) -> list[str]:
    grid = ["run", "-m", "-q", "launcher=local", "launcher.workers=2", *small_overrides(results, *OPTIONS)]
    return [sys.executable, "-m", "spectral_bench", *grid]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """The metrics of a grid to which nothing happens."""
    results = tmp_path_factory.mktemp("whole")
    subprocess.run(command(results), check=True, capture_output=True)
    return metrics(results)


def metrics(results: Path) -> dict[int, list[str]]:
    """By seed, without time columns; every point must be there once, completed."""
    found = {}
    for directory in results.glob("*/*/2*"):
        run = read_saved_run(directory)
        assert run.manifest.status == "completed"
        assert run.config["seed"] not in found
        lines = (directory / METRICS).read_text().splitlines()
        found[run.config["seed"]] = [line.rsplit(",", 2)[0] for line in lines]
    assert sorted(found) == list(range(SEEDS))
    return found


def claims_in(results: Path) -> list[str]:
    """The claims in a folder of results; the lock for takeovers stays there."""
    folder = results / CLAIMS
    return sorted(path.name for path in folder.glob("[!.]*")) if folder.exists() else []


def wait_for(condition: Callable[[], object], seconds: float = 100.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def workers(grid: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those that train, each in a process group of its own."""
    below = psutil.Process(grid.pid).children(recursive=True)
    return [process for process in below if leads_a_group(process.pid)]


def leads_a_group(pid: int) -> bool:
    """Whether there is still a process of that number with a group of its own."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A grid whose first points train."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(tmp_path / "results"), cwd=tmp_path, stdout=pipe, stderr=pipe) as grid:
        wait_for(lambda: list(tmp_path.glob("results/[!.]*/*/[!.]*/checkpoint.pt")))
        time.sleep(random.Random(7).uniform(0.0, 0.5))  # noqa: S311
        yield grid
        grid.kill()


def start_again(tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path / "results"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_grid_survives_the_kill_of_a_worker(
    tmp_path: Path, begun: subprocess.Popen[bytes], whole: dict[int, list[str]], tally: Tally
) -> None:
    tally.tried("interruptions")
    workers(begun)[0].kill()
    _, errors = begun.communicate(timeout=300)
    assert begun.returncode == 0, errors
    assert b"it will be tried again" in errors
    assert metrics(tmp_path / "results") == whole
    tally.survived("interruptions")


def test_workers_end_when_the_grid_is_killed_and_it_goes_on_when_it_is_started_again(
    tmp_path: Path, begun: subprocess.Popen[bytes], whole: dict[int, list[str]], tally: Tally
) -> None:
    tally.tried("interruptions")
    left = workers(begun)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert psutil.wait_procs(left, timeout=60)[1] == []
    start_again(tmp_path)
    assert metrics(tmp_path / "results") == whole
    assert claims_in(tmp_path / "results") == []
    tally.survived("interruptions")


def test_workers_that_are_killed_with_their_grid_leave_claims_that_count_no_more(
    tmp_path: Path, begun: subprocess.Popen[bytes], whole: dict[int, list[str]], tally: Tally
) -> None:
    tally.tried("interruptions")
    left = workers(begun)
    for process in (psutil.Process(begun.pid), *left):
        process.kill()
    psutil.wait_procs(left, timeout=60)
    assert claims_in(tmp_path / "results")
    start_again(tmp_path)
    assert metrics(tmp_path / "results") == whole
    tally.survived("interruptions")


def test_a_full_disk_of_one_worker_fails_its_points_and_the_grid_started_again_finishes(
    tmp_path: Path, begun: subprocess.Popen[bytes], whole: dict[int, list[str]], tally: Tally
) -> None:
    tally.tried("interruptions")
    # No file of this process may grow beyond a byte: for it alone, the disk is full.
    resource.prlimit(workers(begun)[0].pid, resource.RLIMIT_FSIZE, (1, 1))
    _, errors = begun.communicate(timeout=300)
    assert begun.returncode == 1
    assert b"File too large" in errors
    assert b"To go on with this grid: " in errors
    start_again(tmp_path)
    assert metrics(tmp_path / "results") == whole
    tally.survived("interruptions")


def test_two_shells_with_one_grid_share_its_points_and_both_end_well(
    tmp_path: Path, whole: dict[int, list[str]], tally: Tally
) -> None:
    tally.tried("interruptions")
    pipe = subprocess.PIPE
    shells = [subprocess.Popen(command(tmp_path / "results"), cwd=tmp_path, stdout=pipe, stderr=pipe) for _ in range(2)]
    said = [shell.communicate(timeout=300)[1] for shell in shells]
    assert [shell.returncode for shell in shells] == [0, 0]
    assert said == [b"", b""]
    wait_for(lambda: claims_in(tmp_path / "results") == [])
    assert metrics(tmp_path / "results") == whole
    tally.survived("interruptions")


@contextmanager
def grid_of_its_own_group(tmp_path: Path, on_hangup: signal.Handlers) -> Iterator[subprocess.Popen[bytes]]:
    """A grid in a session of its own, with SIGHUP treated as given, whatever started the tests."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(tmp_path / "results"), cwd=tmp_path, stdout=pipe, stderr=pipe, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, on_hangup),
    ) as grid:  # fmt: skip
        yield grid
        grid.kill()


def to_group(grid: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal as a terminal does, and ``timeout``."""
    os.killpg(grid.pid, number)


def to_all(grid: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal as service managers do."""
    for process in (*psutil.Process(grid.pid).children(recursive=True), psutil.Process(grid.pid)):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@pytest.mark.parametrize(
    ("number", "send"), [(signal.SIGTERM, to_group), (signal.SIGHUP, to_group), (signal.SIGTERM, to_all)]
)
def test_a_signal_to_many_processes_of_a_grid_stops_every_worker_with_a_checkpoint(
    tmp_path: Path, whole: dict[int, list[str]], tally: Tally, number: signal.Signals, send: Callable[..., None]
) -> None:
    tally.tried("interruptions")
    results = tmp_path / "results"
    with grid_of_its_own_group(tmp_path, signal.SIG_DFL) as grid:
        wait_for(lambda: list(results.glob("[!.]*/*/[!.]*/checkpoint.pt")))
        send(grid, number)
        _, errors = grid.communicate(timeout=100)
    assert grid.returncode == 128 + number
    assert b"To go on with this grid: " in errors
    assert b"Traceback" not in errors
    begun = [read_saved_run(directory).manifest for directory in results.glob("[!.]*/*/[!.]*")]
    ends = {(manifest.status, manifest.content["reason"]) for manifest in begun}
    assert ("interrupted", number.name) in ends
    assert ends <= {("interrupted", number.name), ("completed", None)}
    start_again(tmp_path)
    assert metrics(results) == whole
    tally.survived("interruptions")


def test_interrupts_while_workers_are_being_started_end_a_grid_without_a_traceback(tmp_path: Path) -> None:
    with grid_of_its_own_group(tmp_path, signal.SIG_DFL) as grid:
        wait_for(lambda: len(psutil.Process(grid.pid).children()) == 2)  # the fork server still imports PyTorch
        for _ in range(2):
            to_group(grid, signal.SIGINT)
            time.sleep(0.3)
        _, errors = grid.communicate(timeout=100)
    assert grid.returncode == 128 + signal.SIGINT
    assert b"To go on with this grid: " in errors
    assert b"Traceback" not in errors


def test_a_grid_under_nohup_does_not_hear_the_terminal_close(tmp_path: Path, whole: dict[int, list[str]]) -> None:
    with grid_of_its_own_group(tmp_path, signal.SIG_IGN) as grid:
        wait_for(lambda: list(tmp_path.glob("results/[!.]*/*/[!.]*/checkpoint.pt")))
        to_all(grid, signal.SIGHUP)
        _, errors = grid.communicate(timeout=100)
    assert (grid.returncode, errors) == (0, b"")
    assert metrics(tmp_path / "results") == whole

"""``spectral-bench status``: how runs stand, from their files alone."""

import io
import json
import math
import os
import platform
import shlex
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from rich.console import Console
from small_runs import only_run, small_config, small_overrides

from spectral_bench.launch.watch import GridState, RunningPoint
from spectral_bench.records import run_states
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.layout import CLAIMS
from spectral_bench.runs.owner import Owner
from spectral_bench.runs.point_claim import claimed
from spectral_bench.runs.progress_file import ProgressFile
from spectral_bench.runs.session_progress import SessionProgress
from spectral_bench.tasks.task import Metric
from spectral_bench.training import loop
from spectral_bench.training.observer import Measurement, Observer, Plan, RunIdentity, Update
from spectral_bench.ui import status_tables
from spectral_bench.ui.grid_display import grid_line, grid_table


class Asking(Observer):
    """Asks for the status of all runs while one trains."""

    def __init__(self, ask: Callable[[], subprocess.CompletedProcess[str]]) -> None:
        self._ask = ask
        self.said = ""

    def on_update(self, update: Update) -> None:
        if update.step == 6:
            self.said = " ".join(self._ask().stdout.split())


def test_a_run_at_work_is_shown_with_its_progress_and_a_killed_one_is_told(tmp_path: Path, command: Run) -> None:
    asking = Asking(lambda: command("status", str(tmp_path)))
    execute(prepare(small_config(tmp_path)), [], [asking])
    assert "running 1 " in asking.said
    assert "/12 " in asking.said
    manifest = only_run(tmp_path) / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "status": "running"}))
    killed = command("status", str(tmp_path))
    assert killed.returncode == 0
    assert "1 killed without a word" in killed.stdout


def test_no_id_of_a_run_at_work_is_broken_in_80_columns(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(prepare(small_config(tmp_path, "seed=1234")))
    here = Owner("a-host-with-a-long-name.example.org", os.getpid(), "2001-01-01T00:00:00+00:00")
    at = SessionProgress(900_000, 0, 2_000_000, 9000.0, "recall_accuracy", 0.12345678)
    (found,) = run_states.run_states([tmp_path])
    states = [replace(found, status="running", owner=here, progress=at)]
    monkeypatch.setattr(status_tables, "run_states", lambda _: states)
    said = command("status", str(tmp_path)).stdout
    assert only_run(tmp_path).name in said
    assert max(map(len, said.splitlines())) <= 80
    assert "900,000/2,000,000" in said
    assert "since 2001-01-01" in " ".join(said.split())


def test_a_single_claim_of_a_dead_process_is_told_in_the_singular(tmp_path: Path, command: Run) -> None:
    (tmp_path / CLAIMS).mkdir()
    dead = {"host": platform.node(), "pid": 2**22 + 1, "since": "2001-01-01T00:00:00+00:00", "token": "0"}
    (tmp_path / CLAIMS / "abc-seed1").write_text(json.dumps(dead))
    said = command("status", str(tmp_path)).stdout
    assert "1 claim of a process that is gone" in said


def test_a_validation_value_that_is_not_finite_does_not_stand_in_the_way_of_progress(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path)
    file.on_start(Plan(0, 12, None, 5, 100, Metric("error", "min"), None), RunIdentity("run", tmp_path, {}))
    file.on_measurement(Measurement(1, None, "validation", math.nan, math.nan, 1.0, 1.0))
    file._next = 0.0
    file.on_update(Update(step=1, loss=1.0, seconds=1.0))
    progress = SessionProgress.read(tmp_path)
    assert progress is not None
    assert (progress.step, progress.validation) == (1, None)


def test_what_a_run_writes_to_be_watched_is_gone_at_its_end(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    with claimed(config):
        execute(prepare(config))
        assert [path.name for path in tmp_path.glob(".*")] == [".claims"]
    assert list((tmp_path / ".claims").iterdir()) == []
    assert list(only_run(tmp_path).glob(".*")) == []


def test_the_commands_of_a_grid_are_listed_as_a_shell_reads_them(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "it's mine")
    listed = command("run", "--list-points", *overrides[1:], f'results_dir="{tmp_path}/it\'s mine"', "seed=1,2")
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[-1] for line in listed.stdout.splitlines()] == ["seed=1", "seed=2"]
    assert all(line.startswith("spectral-bench run --resume ") for line in listed.stdout.splitlines())


def test_an_option_of_grids_is_refused_for_a_single_run(command: Run) -> None:
    for option, message in (("--again", "--again is about"), ("launcher=local", "launcher=local: a launcher runs")):
        done = command("run", option)
        assert (done.returncode, message in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-m", "--resume", "--again"), "choose one of them"),
        (("--resume", "--again"), "choose one of them"),
        (("-m", "--again-from", "yesterday"), "--again-from yesterday: expected the mark"),
        (("--list-points", "--again"), "--again has no effect"),
        (("--list-points", "--again-from", "0123456789abcdef"), "--again-from has no effect"),
        (("--list-points", "--dry-run"), "--list-points and --dry-run: choose one of them"),
        (("-m", "--print-config", "--again"), "--again has no effect on what --print-config shows"),
        (("-m", "--dry-run", "--again-from", "0123456789abcdef"), "--again-from has no effect on what --dry-run"),
        (("-m", "--dry-run", "--retry", "3"), "--retry has no effect"),
        (("-m", "--print-config", "--wait"), "--wait has no effect"),
        (("-m", "--dry-run", "--resume"), "--resume has no effect on what --dry-run shows"),
        (("--print-config", "--resume"), "--resume has no effect on what --print-config shows"),
        (("--print-config", "--sink", "tensorboard"), "--sink has no effect on what --print-config shows"),
        (("-m", "--dry-run", "--sink", "tensorboard"), "--sink has no effect on what --dry-run shows"),
        (("--dry-run", "--retry", "0"), "--retry has no effect on what --dry-run shows"),
        (("--list-points", "--resume"), "--resume has no effect on what --list-points shows"),
        (("--list-points", "-q"), "--quiet has no effect on what --list-points shows"),
        (("--print-config", "--keep-going"), "--keep-going is about the points of a grid: add -m"),
        (("-m", "model=rnn,svdrnn", "model.m1=4,8"), "MODEL:model.m1=VALUES"),
        (("-m", "launcher=slurm", "--retry", "1"), "--retry 1: launcher=slurm returns before any point has failed"),
        (("--print-config", "--dry-run"), "--print-config and --dry-run: choose one of them"),
        (("--list-points", "launcher=locla"), "Did you mean 'local'?"),
        (("-m", "--dry-run", "launcher=local", "launcher.worker=2"), "Did you mean 'launcher.workers'?"),
    ],
)
def test_options_that_contradict_or_would_be_ignored_are_refused(
    tmp_path: Path, command: Run, words: tuple[str, ...], message: str
) -> None:
    done = command("run", *words, "seed=1,2")
    assert (done.returncode, message in " ".join(done.stderr.split())) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_commands_of_a_grid_hold_its_sinks(command: Run) -> None:
    listed = command("run", "--list-points", "--sink", "tensorboard", "seed=1,2")
    assert listed.stdout.count("--sink tensorboard seed=") == 2


def test_a_single_run_of_a_preset_that_is_a_grid_is_told_its_keys_and_the_command_of_all(
    tmp_path: Path, command: Run
) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    grid = "# @package _global_\n# Two models\ngrid: ['model=rnn,svdrnn', 'seed=1,2', 'svdrnn:r=0.1,0.2']\n"
    (tmp_path / "mine" / "experiment" / "both.yaml").write_text(grid)
    done = command("run", "experiment=both", "--config-dir", "mine")
    said = " ".join(done.stderr.split())
    assert done.returncode == 2
    assert "a grid over model, seed." in said
    assert "spectral-bench run -m experiment=both --config-dir mine." in said
    done = command("run", "experiment=both", "--config-dir", "mine", "model=svdrnn", "seed=1")
    assert (done.returncode, "a grid over r." in done.stderr) == (2, True)
    assert (
        command("run", "experiment=both", "--config-dir", "mine", "model=rnn", "seed=1", "--print-config").returncode
        == 0
    )


def test_off_a_terminal_a_grid_is_a_line_a_point_and_one_table(tmp_path: Path, command: Run) -> None:
    done = command("run", "-m", *small_overrides(tmp_path / "results", "seed=1,2"))
    assert done.returncode == 0
    first, second, title, _, heads, *_ = done.stdout.splitlines()
    assert [line.partition(": done in ")[0] for line in (first, second)] == ["seed=1", "seed=2"]
    assert [line.partition(" (")[2] for line in (first, second)] == ["1 of 2 ended)", "2 of 2 ended)"]
    assert title.rstrip() == "2 points: 2 done"
    assert done.stdout.count("seed=1") == 2
    assert heads.split()[0] == "point"


def test_a_point_that_has_just_begun_does_not_tell_how_long_it_takes() -> None:
    begun = RunningPoint("seed=1", SessionProgress(0, 0, 12, 0.0, "recall_accuracy", None))
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        console.print(grid_table(GridState(2, Counter(), [begun], 0.0, 0.0, None)))
    assert "seed=1" in captured.get()
    assert "0:00" not in captured.get()


def test_points_that_were_stopped_or_never_begun_have_not_ended() -> None:
    counts = Counter({"done": 2, "failed": 1, "stopped": 1, "not reached": 2})
    assert grid_line(GridState(6, counts, [], 0.0, 0.0, None)).startswith("3 of 6 ended: 2 done, 0 running, 0 waiting")


def test_a_grid_of_one_point_names_it_shortly(tmp_path: Path, command: Run) -> None:
    done = command("run", "-m", "-q", *small_overrides(tmp_path / "results"))
    assert "svdrnn on copy, seed 0" in done.stdout
    assert "1 point: 1 done" in done.stdout
    assert "train.steps" not in done.stdout


def test_a_grid_that_trains_anew_and_is_stopped_goes_on_with_its_own_runs(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = ("run", "-m", "-q", *small_overrides(tmp_path / "results", "seed=1,2"))
    assert command(*grid).returncode == 0
    call = loop.take_step

    def signalled(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        call(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "take_step", signalled)
        stopped = command(*grid, "--again")
    assert stopped.returncode == 130
    _, _, line = stopped.stderr.partition("To go on with this grid: ")
    done = command(*shlex.split(line)[1:])
    assert (done.returncode, "2 points: 2 done" in done.stdout) == (0, True), done.stdout
    assert len(list(tmp_path.glob("results/*/*/*"))) == 4  # none was trained a third time


def test_the_live_table_says_in_80_columns_which_point_is_which_and_what_is_measured() -> None:
    names = [f"model=svdrnn r=0.01 optimizer.lr={rate} train.clip_norm=1.0 seed=1" for rate in (0.001, 0.003)]
    progress = SessionProgress(500, 0, 1000, 10.0, "mse", 0.0042)
    state = GridState(2, Counter(), [RunningPoint(name, progress) for name in names], 1.0, 10.0, 10.0)
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        console.print(grid_table(state))
    drawn = captured.get()
    assert max(map(len, drawn.splitlines())) <= 80
    assert "…" not in drawn
    words = drawn.split()
    for name in names:
        assert set(name.split()) <= set(words)
    assert {"mean", "squared", "error", "0.0042"} <= set(words)

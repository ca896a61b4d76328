"""Stopping a run from outside, and going on with it from the command line."""

import json
import os
import pkgutil
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import Run
from small_runs import only_run, small_overrides


def status(directory: Path) -> tuple[str, str]:
    manifest = json.loads((directory / "manifest.json").read_text())
    return manifest["status"], manifest["reason"]


def endless(tmp_path: Path) -> list[str]:
    return small_overrides(tmp_path / "results", "train.steps=1000000", "train.checkpoint_every=20")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGUSR1", 75)])
def test_a_signal_ends_a_run_with_a_checkpoint_and_the_command_that_goes_on(
    tmp_path: Path, name: str, code: int, command: Run
) -> None:
    words = [sys.executable, "-m", "spectral_bench", "run", *endless(tmp_path)]
    pipes: dict[str, Any] = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # Under nohup the tests themselves ignore SIGHUP, and a child would inherit that.
    heeded = partial(signal.signal, signal.Signals[name], signal.SIG_DFL)
    with subprocess.Popen(words, cwd=tmp_path, preexec_fn=heeded, **pipes) as process:
        deadline = time.monotonic() + 100
        while not list(tmp_path.glob("results/*/*/*/checkpoint.pt")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.Signals[name])
        try:
            _, errors = process.communicate(timeout=100)
        finally:
            process.kill()
    directory = only_run(tmp_path / "results")
    assert process.returncode == code
    assert "Traceback" not in errors
    assert f"spectral-bench resume {directory}" in errors
    assert status(directory) == ("interrupted", name)
    done = command("resume", str(directory), "train.max_minutes=1e-4")
    assert done.returncode == 75
    assert status(directory) == ("interrupted", "train.max_minutes")


def test_a_run_that_goes_on_again_and_again_comes_to_its_end(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results", "train.max_minutes=1e-9")
    codes = [command("run", "--resume", "-q", *overrides).returncode for _ in range(12)]
    assert codes == [75] * 11 + [0]
    directory = only_run(tmp_path / "results")
    again = command("resume", str(directory))
    assert (again.returncode, "this run is complete" in again.stdout) == (0, True)
    longer = command("resume", str(directory), "train.steps=13", "train.max_minutes=null")
    assert longer.returncode == 0, longer.stderr
    assert "test recall accuracy" in longer.stdout


def test_a_second_run_with_resume_says_that_the_first_is_done_and_one_without_is_new(
    tmp_path: Path, command: Run
) -> None:
    overrides = small_overrides(tmp_path / "results")
    for options, runs, already in ((["--resume"], 1, 0), (["--resume"], 1, 1), ([], 2, 0)):
        done = command("run", *options, "-q", *overrides)
        assert (done.returncode, done.stdout.count("Done already: ")) == (0, already)
        assert len(list(tmp_path.glob("results/*/*/*"))) == runs


def test_the_time_limit_of_this_sitting_counts_and_not_that_of_the_last(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results")
    assert command("run", "--resume", "-q", *overrides, "train.max_minutes=1e-9").returncode == 75
    assert command("run", "--resume", "-q", *overrides, "train.max_minutes=5").returncode == 0
    assert len(list(tmp_path.glob("results/*/*/*"))) == 1


def test_a_time_limit_that_is_not_typed_again_counts_no_more(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results")
    assert command("run", "--resume", "-q", *overrides, "train.max_minutes=1e-9").returncode == 75
    assert command("run", "--resume", "-q", *overrides).returncode == 0
    assert status(only_run(tmp_path / "results")) == ("completed", "finished")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGUSR1", 75)])
def test_a_signal_before_the_training_ends_with_its_exit_code_and_leaves_nothing(
    tmp_path: Path,
    command: Run,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: int,
) -> None:
    monkeypatch.setattr("spectral_bench.ui.one_run.load_point", lambda *_: os.kill(os.getpid(), signal.Signals[name]))
    before = signal.getsignal(signal.Signals[name])
    assert command("run", *small_overrides(tmp_path / "results")).returncode == code
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.Signals[name]) == before


@pytest.mark.parametrize(("verb", "argument"), [("run", "--dry-run"), ("resume", ".")])
def test_signals_are_heeded_before_pytorch_is_imported(verb: str, argument: str) -> None:
    script = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch': os.kill(os.getpid(), signal.SIGUSR1)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"sys.argv = ['spectral-bench', '{verb}', '{argument}']\n"
        "from spectral_bench.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (75, "Ended by SIGUSR1 while no training was under way.\n")


def test_the_command_that_goes_on_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path, command: Run) -> None:
    results = tmp_path / "it's mine"
    overrides = [text for text in small_overrides(results) if not text.startswith("results_dir")]
    assert command("run", "-q", f'results_dir="{results}"', *overrides).returncode == 0
    directory = only_run(results)
    said = command("resume", str(directory)).stdout
    assert shlex.split(said.partition("To train on: ")[2])[:3] == ["spectral-bench", "resume", str(directory)]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_run_outlives_whoever_reads_what_it_writes(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    overrides = small_overrides(tmp_path / "results")
    words = ["run", *overrides]
    if goes_on:
        assert command("run", "-q", *overrides, "train.max_minutes=1e-9").returncode == 75
        words = ["resume", str(only_run(tmp_path / "results")), "train.max_minutes=null"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as unread:
        monkeypatch.setattr(sys, "stdout", unread)
        monkeypatch.setattr(sys, "stderr", unread)
        assert command(*words).returncode == 0
    assert status(only_run(tmp_path / "results")) == ("completed", "finished")


def test_a_grid_leaves_out_what_is_done_unless_it_is_asked_for_again(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results")
    assert command("run", "-m", "-q", *overrides, "seed=1,2").returncode == 0
    for option, runs, kept in (("-q", 3, 2), ("--again", 6, 0)):
        done = command("run", "-m", option, *overrides, "seed=1,2,3")
        assert done.returncode == 0
        rows = [line for line in done.stdout.splitlines() if line.strip().endswith("done before")]
        assert len(rows) == kept
        assert len(list(tmp_path.glob("results/*/*/*"))) == runs


def test_a_time_limit_ends_a_cell_and_not_its_grid(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results", "train.max_minutes=1e-6")
    done = command("run", "-m", "-q", *overrides, "seed=1,2")
    assert done.returncode == 75
    assert "2 of 2 did not finish" in done.stdout
    assert len(list(tmp_path.glob("results/*/*/*"))) == 2


@pytest.mark.parametrize(("moment", "unfinished"), [("take_step", 3), ("Trainer._test", 2)])
def test_a_signal_is_meant_for_the_whole_grid_even_if_a_cell_is_done_by_then(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch, moment: str, unfinished: int
) -> None:
    room = f"spectral_bench.training.loop.{moment}"
    call = pkgutil.resolve_name(room)

    def signalled(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        monkeypatch.setattr(room, call)
        return call(*arguments)

    monkeypatch.setattr(room, signalled)
    done = command("run", "-m", "-q", *small_overrides(tmp_path / "results"), "seed=1,2,3")
    assert done.returncode == 143
    assert f"{unfinished} of 3 did not finish" in done.stdout
    assert "2 not reached" in done.stdout
    assert (status(only_run(tmp_path / "results"))[0] == "completed") == (unfinished == 2)


def test_verify_says_whether_the_numbers_are_the_same_and_changes_nothing(tmp_path: Path, command: Run) -> None:
    overrides = small_overrides(tmp_path / "results", "train.checkpoint_every=4")
    assert command("run", "-q", *overrides).returncode == 0
    directory = only_run(tmp_path / "results")
    done = command("verify", str(directory), "--whole")
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "The same")
    checkpoint = directory / "checkpoint.previous.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    done = command("verify", str(directory))
    assert done.returncode == 3
    assert "checkpoint.previous.pt: is damaged" in " ".join(done.stderr.split())


def test_what_cannot_be_gone_on_with_is_said_in_one_message(tmp_path: Path, command: Run) -> None:
    assert command("run", "-q", *small_overrides(tmp_path / "results")).returncode == 0
    directory, pipe = only_run(tmp_path / "results"), tmp_path / "pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "manifest.json")
    for arguments, code, message in (
        (["nowhere"], 2, "no such folder, and no run in results with such an id"),
        ([str(pipe)], 3, "manifest.json: cannot be read (is not a plain file)."),
        ([str(directory), "seed=5"], 2, "seed: a run that goes on keeps its configuration"),
    ):
        done = command("resume", *arguments)
        assert done.returncode == code
        assert message in " ".join(done.stderr.split())
        assert len(done.stderr.splitlines()) <= 6

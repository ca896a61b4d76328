"""The exit code of a grid, and its last line."""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import Run as Call
from rich.console import Console

from spectral_bench.launch.worker import PointResult
from spectral_bench.ui.grid_summary import grid_exit_code, say_what_is_left, show_grid_summary

DONE = PointResult("done", "done")
ELSEWHERE = PointResult("elsewhere", "running elsewhere")
SUBMITTED = PointResult("submitted", "submitted")
DIVERGED = PointResult("diverged", "diverged", exit_code=1)
DIVERGED_BEFORE = PointResult("before", "diverged before", exit_code=1)
OUT_OF_TIME = PointResult("stopped", "stopped", exit_code=75)
NO_DATA = PointResult("failed", "failed", exit_code=3)

MARK = "0123456789abcdef"


@pytest.mark.parametrize(
    ("results", "stop_cause", "code"),
    [
        ([DONE, ELSEWHERE, SUBMITTED], None, 0),
        ([DONE, DIVERGED_BEFORE], None, 1),
        ([DIVERGED, OUT_OF_TIME], None, 75),
        ([DONE, DIVERGED_BEFORE, OUT_OF_TIME], None, 75),
        ([NO_DATA, NO_DATA, DIVERGED], None, 3),
        ([NO_DATA, OUT_OF_TIME], None, 1),
        ([DONE, PointResult("rest", "not reached")], None, 1),
        ([DIVERGED, NO_DATA], "SIGINT", 130),
        ([DIVERGED, OUT_OF_TIME], "SIGUSR1", 75),
    ],
)
def test_the_exit_code_of_a_grid_tells_a_signal_then_what_is_left_then_what_diverged(
    results: Sequence[PointResult], stop_cause: str | None, code: int
) -> None:
    assert grid_exit_code(results, stop_cause) == code


def test_a_grid_of_again_that_is_left_to_a_queue_says_its_mark(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["spectral-bench", "run", "-m", "--again", "launcher=slurm"])
    say_what_is_left([DONE, SUBMITTED], MARK, None, trains_anew="--again")
    assert capsys.readouterr().err.endswith(f" run -m --again-from={MARK} launcher=slurm\n")
    say_what_is_left([DONE, SUBMITTED], None, None, trains_anew="--again")
    say_what_is_left([DONE, DONE], MARK, None, trains_anew="--again")
    assert not capsys.readouterr().err


def test_the_table_of_a_grid_calls_the_metric_by_its_words(tmp_path: Path) -> None:
    summary = {"metric": "recall_accuracy", "test": 0.5, "wall_seconds": 2.0}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    text = io.StringIO()
    point = PointResult("seed=1", "done", str(tmp_path), seconds=2.0)
    show_grid_summary([point], 1, Console(file=text, width=80))
    assert "test recall accuracy" in " ".join(text.getvalue().split())


@pytest.mark.parametrize(("option", "told"), [("--again", True), (None, False)])
def test_only_a_command_that_can_train_anew_says_so_of_what_diverged(
    option: str | None, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    say_what_is_left([DONE, DIVERGED], None, None, trains_anew=option)
    said = capsys.readouterr().err
    assert said.startswith("Diverged: 1 of 2 points.")
    assert ("(--again trains all points anew)" in said) == told


def test_what_is_left_is_counted_apart_from_what_is_done() -> None:
    text = io.StringIO()
    rest = PointResult("rest", "not reached")
    show_grid_summary([DONE, rest, rest, OUT_OF_TIME], 4, Console(file=text, width=80))
    title = " ".join(text.getvalue().split())
    assert title.startswith("3 of 4 did not finish: 2 not reached, 1 stopped; 1 done")


def test_what_every_point_lacks_is_explained_once(command: Call) -> None:
    ended = command("run", "-m", "task=ptb", "seed=1,2,3", "launcher=serial", "data_dir=nowhere")
    assert ended.returncode == 3
    assert ended.stderr.count("spectral-bench data download ptb") == 1
    assert "spectral-bench data download" not in ended.stdout
    assert ended.stderr.count("Error: ") == 3

"""``kill -9`` at any moment, checkpoint writing included: the run goes on and ends as if nothing had happened."""

import os
import random
import time
from dataclasses import dataclass
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import Answer
from faults.tally import Tally
from faults.worker import work
from small_runs import numbers, only_run, runs_in

from spectral_bench import load_runs
from spectral_bench.runs.saved_run import read_saved_run

KILLS, THOROUGH_KILLS = 8, 30

OVERRIDES = ["train.steps=40", "train.checkpoint_every=2", "train.evaluate_every=7", "trace.every=3", "train.threads=1"]


@dataclass(frozen=True)
class Whole:
    """A run that is never killed: what it comes to, how long it takes and how many file operations it makes."""

    numbers: dict[str, Any]
    seconds: float
    events: int


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start in a moment, since all there is to import has been imported."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["faults.worker", "faults.preload"])
    with pytest.MonkeyPatch.context() as patch:
        # The server imports before it is told the path.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]), prepend=os.pathsep)
        forkserver.ensure_running()
    return context


@pytest.fixture(scope="module")
def whole(processes: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    for _ in range(2):  # only the second knows how long it takes once everything is imported
        folder = tmp_path_factory.mktemp("whole")
        began = time.monotonic()
        process = processes.Process(target=work, args=(folder / "results", OVERRIDES, None, folder / "count"))
        process.start()
        process.join()
        seconds = time.monotonic() - began
    return Whole(numbers(only_run(folder / "results")), seconds, int((folder / "count").read_text()))


def check_compare(directory: Path, answer: Answer) -> None:
    """See that a run that was killed can be compared, and is counted among the complete ones only if it was."""
    code, message = answer("compare", str(directory))
    assert (code, message) == (0, "")
    runs = load_runs(directory)
    assert runs.notes == []
    assert list(runs.runs["status"]) == [read_saved_run(directory).manifest.status]


def test_a_run_killed_at_any_moment_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, processes: ForkServerContext, whole: Whole, thorough: bool, tally: Tally, answer: Answer
) -> None:
    """Half the kills come at a random time, half just before a random file operation; a run meets several of them."""
    draw = random.Random(20180710)  # noqa: S311
    kills, runs = 0, 0
    while kills < (THOROUGH_KILLS if thorough else KILLS):
        runs += 1
        results, pending = tmp_path / str(runs), 0
        for _ in range(3):
            kill_at_event = draw.randrange(1, whole.events) if draw.random() < 0.5 else None
            process = processes.Process(target=work, args=(results, OVERRIDES, kill_at_event, tmp_path / "count"))
            process.start()
            process.join(None if kill_at_event else draw.uniform(0.0, whole.seconds))
            process.kill()
            process.join()
            if process.exitcode == 0:
                break
            pending += 1
            tally.tried("interruptions")
            for directory in runs_in(results):
                assert read_saved_run(directory).manifest.status in ("running", "completed")
                check_compare(directory, answer)
        finished = processes.Process(target=work, args=(results, OVERRIDES, None, tmp_path / "count"))
        finished.start()
        finished.join()
        assert finished.exitcode == 0
        assert numbers(only_run(results)) == whole.numbers
        for _ in range(pending):
            tally.survived("interruptions")
        kills += pending

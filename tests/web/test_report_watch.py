"""``report --watch``: it goes on until Ctrl-C, whatever becomes of the runs."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import Run

#: Has the watch do these things in turn while it sleeps, the last time with Ctrl-C.
Sleeping = Callable[..., None]


@pytest.fixture
def sleeping(monkeypatch: pytest.MonkeyPatch) -> Sleeping:
    def given(*events: Callable[[], object]) -> None:
        left = iter(events)

        def sleep(_: float) -> None:
            event = next(left, None)
            if event is None:
                raise KeyboardInterrupt
            event()

        monkeypatch.setattr("spectral_bench.cli.report.time", SimpleNamespace(sleep=sleep))

    return given


def nothing() -> None:
    """A sleep in which nothing happens."""


@pytest.fixture
def runs(page: Path, tmp_path: Path, own_cache: None) -> Path:
    """A folder of one run."""
    (run,) = (page.parent / "results" / "copy" / "rnn").iterdir()
    return shutil.copytree(run, tmp_path / "elsewhere" / run.name).parent


@pytest.mark.parametrize("words", [(), ("results",), ("--where", "model=rnn")])
def test_a_watch_waits_for_the_first_run_and_says_so_once(
    command: Run, sleeping: Sleeping, runs: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    results = tmp_path / "results"
    if words:
        results.mkdir()
    sleeping(nothing, lambda: shutil.copytree(runs, results, dirs_exist_ok=True), nothing)
    done = command("report", "--watch", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Waiting; Ctrl-C ends the watch.") == 1
    assert done.stdout.count("report.html: 1 run") == 2
    assert (tmp_path / "report.html").exists()


def test_a_watch_outlives_a_folder_that_is_gone_for_a_moment(
    command: Run, sleeping: Sleeping, runs: Path, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    sleeping(lambda: runs.rename(away), nothing, lambda: away.rename(runs), lambda: runs.rename(away))
    done = command("report", "elsewhere", "--watch")
    assert done.returncode == 0, done.stderr
    told = [line.partition(" ")[0] for line in done.stdout.splitlines()]
    assert told == ["report.html:", "elsewhere:", "report.html:", "elsewhere:"]
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize("words", [("absent",), ("--where", "nonsense"), ("--claims", "absent.yaml")])
def test_a_word_that_is_typed_wrong_is_no_reason_to_wait(
    command: Run, sleeping: Sleeping, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "results").mkdir()
    sleeping()
    done = command("report", "--watch", *words)
    assert done.returncode == 2
    assert words[-1] in done.stderr

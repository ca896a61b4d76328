"""The command line where streams are closed, full or of another encoding, names are no text, and something fails."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import only_run, small_overrides

from spectral_bench.cli import app
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.runs.saved_run import read_saved_run

Shell = Callable[..., subprocess.CompletedProcess[bytes]]

#: A name as file systems of before UTF-8 have it.
LATIN1 = os.fsdecode(b"caf\xe9")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs the command line in a shell, in an empty folder, with redirections after it."""

    def run(*arguments: str, redirected: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
        command = f"{shlex.join([sys.executable, '-W', 'error', '-m', 'spectral_bench', *arguments])} {redirected}"
        settings = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), **environment}
        return subprocess.run(command, shell=True, cwd=tmp_path, env=settings, capture_output=True, timeout=120)  # noqa: S602

    return run


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_does_not_need_its_standard_streams(tmp_path: Path, shell: Shell, redirected: str) -> None:
    done = shell("run", *small_overrides(tmp_path / "results"), redirected=redirected)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    directory = only_run(tmp_path / "results")
    assert read_saved_run(directory).manifest.status == "completed"
    assert (directory / "metrics.csv").read_text().startswith("step,")
    texts = [file.read_bytes() for file in directory.rglob("*") if file.is_file()]
    assert all(b"svdrnn on copy" not in text for text in texts)


def test_a_run_goes_on_without_standard_output(tmp_path: Path, shell: Shell) -> None:
    shell("run", *small_overrides(tmp_path / "results", "train.max_minutes=1e-9"))
    directory = only_run(tmp_path / "results")
    done = shell("resume", str(directory), "train.max_minutes=null", redirected=">&-")
    assert done.returncode == 0, done.stderr
    assert read_saved_run(directory).manifest.status == "completed"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("verb", [["list", "models"], ["--version"], ["run", "--help"]])
def test_a_full_device_is_one_line_and_a_failure(shell: Shell, verb: list[str]) -> None:
    done = shell(*verb, redirected="> /dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_lacks_is_escaped(shell: Shell, tmp_path: Path, encoding: str) -> None:
    done = shell("run", *small_overrides(tmp_path, "results_dir='\u03c3'"), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"\\u03c3/copy/svdrnn" in done.stdout
    done = shell("compare", "\u03c4", PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: \\u03c4: there is no such folder")


def test_runs_in_folders_whose_names_are_no_text_are_like_any_other(tmp_path: Path, shell: Shell) -> None:
    overrides = small_overrides(tmp_path / "x", f"results_dir='{LATIN1}/r'", "train.max_minutes=1e-9")
    assert shell("run", "-q", *overrides).returncode == 75
    directory = only_run(tmp_path / LATIN1 / "r")
    assert read_saved_run(directory).experiment().results_dir == Path(LATIN1, "r")
    done = shell("resume", str(directory), "train.max_minutes=null")
    assert done.returncode == 0, done.stderr
    assert os.fsencode(directory) in done.stdout
    assert shell("verify", str(directory)).returncode == 0
    for _ in range(2):  # read, then remembered
        done = shell("compare", LATIN1, "--format", "json", XDG_CACHE_HOME=str(tmp_path / LATIN1 / "cache"))
        (section,) = json.loads(done.stdout)["sections"]
        assert section["groups"][0]["runs"]["completed"] == 1
    assert shell("grads", LATIN1, "-o", f"{LATIN1}/picture.png").returncode == 0
    assert (tmp_path / LATIN1 / "picture.png").stat().st_size > 1000


class Odd(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    "error", [RuntimeError("of some kind\n\nmore"), OSError(5, "broken", "file"), Odd(), KeyError()]
)
@pytest.mark.parametrize("closed", [False, True])
def test_what_nobody_expected_is_one_line_a_log_file_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, error: Exception, closed: bool
) -> None:
    def fail() -> None:
        raise error

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" if closed else tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(SystemExit) as caught:
        app.main()
    said = capsys.readouterr().err
    (log,) = (tmp_path / "temporary" if closed else tmp_path / "spectral-bench").rglob("*.log")
    assert caught.value.code == 1
    assert said.startswith(f"Error: {type(error).__name__}: ")
    assert said.endswith(f"{log}.\n")
    assert len(said.splitlines()) == 1
    assert "in fail" in log.read_text()


def test_a_point_of_a_grid_that_fails_unexpectedly_is_one_line_and_the_others_run(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    seeds = []

    def fail(config: ExperimentConfig, _: int | None) -> None:
        seeds.append(config.seed)
        raise RuntimeError("of some kind")

    monkeypatch.setattr("spectral_bench.launch.worker.prepare", fail)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    done = command("run", "-q", "-m", "seed=1,2")
    assert (done.returncode, seeds) == (1, [1, 2])
    first, second, command = done.stderr.splitlines()
    assert first.startswith("Error: seed=1: RuntimeError: of some kind.")
    assert second.startswith("Error: seed=2: RuntimeError: of some kind.")
    assert command == "To go on with this grid: spectral-bench run -q -m seed=1,2"


def test_the_traceback_of_what_nobody_expected_is_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("of some kind")

    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setenv("SPECTRAL_BENCH_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="of some kind"):
        app.main()


@pytest.mark.parametrize(
    "words",
    [
        ["data", "status", "--data-dir", "~nobodyatall"],
        ["verify", "run", "--data-dir", "~nobodyatall"],
        ["compare", "a" * 5000],
        ["run", "--dry-run", "data_dir='~nobodyatall'"],
    ],
)
def test_a_folder_that_cannot_be_is_wrong_input(
    command: Callable[..., subprocess.CompletedProcess[str]], words: list[str]
) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")

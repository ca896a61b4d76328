"""``spectral-bench runs``: what is listed, what labels are, and what is never lost."""

import json
import os
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import Run
from run_directories import edit, runs_of

from spectral_bench import load_runs
from spectral_bench.runs.lock import locked
from spectral_bench.runs.manifest import Manifest

ADDITION = ("--where", "task=addition", "--columns", "run_id,test,loss_test")


def listed(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)["runs"]
    return found


def test_the_list_fits_into_80_columns_and_the_newest_run_stands_first(command: Run, results: Path) -> None:
    done = command("runs", "results")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.endswith("runs")] == ["addition, 2 runs", "copy, 7 runs"]
    started = {run.name: Manifest.read(run).content["started"] for run in results.glob("copy/*/*")}
    first, *_ = lines[lines.index("copy, 7 runs") + 3].split()
    assert started[first] == max(started.values())


def test_a_run_that_has_come_to_nothing_yet_is_listed(command: Run, results: Path) -> None:
    (young, *_) = runs_of(results, "copy", "rnn")
    (young / "summary.json").unlink()
    edit(young / "manifest.json", status="interrupted")
    assert young.name in command("runs", str(young)).stdout


def test_columns_are_chosen_and_rows_sorted_by_any_field(command: Run, results: Path) -> None:
    chosen = ("--where", "task=copy", "--columns", "seed,model,r", "--format", "json")
    found = listed(command("runs", "results", "--sort=-seed", *chosen))
    assert [run["seed"] for run in found] == sorted((run["seed"] for run in found), reverse=True)  # type: ignore[type-var]
    found = listed(command("runs", "results", "--sort=r", *chosen))
    assert [run["r"] for run in found] == [0.01, 0.01, 0.01, 0.5, None, None, None]
    done = command("runs", "results", "--columns", "sed")
    assert (done.returncode, "Did you mean 'seed'?" in done.stderr) == (2, True)


def test_a_column_that_was_asked_for_is_shown_though_it_is_empty(command: Run, results: Path) -> None:
    def header(*words: str) -> list[str]:
        return command("runs", "results", *words, columns=200).stdout.splitlines()[1].split()

    assert header("--columns", "run_id,model,status,test,tag") == ["run_id", "model", "status", "test", "tag"]
    assert header("--columns", "seed,note") == ["seed", "note"]
    assert header() == ["run_id", "model", "status", "test"]


def test_a_tag_is_found_by_every_reader_and_changes_no_recorded_file(command: Run, results: Path) -> None:
    one, two, *_ = runs_of(results, "copy", "rnn")
    before = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}
    assert command("runs", str(one), str(two), "--tag", "good", "--tag", "v2", "--note", "the paper's").returncode == 0
    assert command("runs", str(two), "--untag", "good").returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    assert [run["run_id"] for run in listed(command("runs", "--where", "tag=good", "--format", "json"))] == [one.name]
    assert len(listed(command("runs", "--where", "tag=v2", "--format", "json"))) == 2
    assert len(listed(command("runs", "--where", "tag!=v2", "--format", "json"))) == 0  # untagged runs have no tag
    assert len(listed(command("runs", "--where", "tag=null", "--format", "json"))) == 7
    assert command("compare", "--where", "tag=good", "--format", "csv").stdout.splitlines()[1].startswith("copy")
    frame = load_runs(results).runs.set_index("run_id")
    assert (frame.loc[one.name, "tag"], frame.loc[one.name, "note"]) == ("good,v2", "the paper's")
    assert command("verify", str(one)).returncode == 0
    assert command("runs", str(one), "--untag", "good", "--untag", "v2", "--note", "").returncode == 0
    assert not (one / "labels.json").exists()


def test_damaged_labels_cost_a_note_and_no_run(command: Run, results: Path) -> None:
    one = runs_of(results, "copy", "rnn")[0]
    (one / "labels.json").write_text('{"tags": 5}')
    done = command("runs", "--format", "json")
    assert len(listed(done)) == 9
    assert "labels.json cannot be read: its tags are no list of words" in done.stderr
    done = command("runs", str(one), "--tag", "two words")
    assert (done.returncode, "expected a word" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "listing", [("--columns", "seed"), ("--sort", "seed"), ("--format", "csv"), ("-o", "list.csv")]
)
@pytest.mark.parametrize("keeping", [("--tag", "a"), ("--note", "b"), ("--rm", "--yes")])
def test_options_about_the_list_are_refused_where_none_is_printed(
    command: Run, results: Path, listing: tuple[str, ...], keeping: tuple[str, ...]
) -> None:
    there = sorted(results.rglob("*"))
    done = command("runs", str(results), *keeping, *listing)
    assert done.returncode == 2
    assert {"-o": "--output"}.get(listing[0], listing[0]) in done.stderr
    assert sorted(results.rglob("*")) == there


def test_nothing_is_deleted_without_a_yes(command: Run, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = command("runs", "--rm", "--where", "model=rnn")
    assert done.returncode == 2
    assert "--rm would delete 4 runs" in done.stderr
    assert len(list(results.glob("*/*/*"))) == 9
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert command("runs", "--rm", "--where", "model=rnn").returncode == 0
    assert {run.parent.name for run in results.glob("*/*/*")} == {"svdrnn"}
    assert not list(results.glob("*/*/.*"))


def test_a_run_that_is_worked_on_is_left_alone(command: Run, results: Path) -> None:
    here, elsewhere, *_ = runs_of(results, "copy", "rnn")
    since = datetime.now(UTC).isoformat(timespec="seconds")
    edit(elsewhere / "manifest.json", status="running", owner={"host": "another-host", "pid": 1, "since": since})
    (elsewhere / ".lock").touch()
    with locked(here):
        done = command("runs", "--rm", "--yes", "--where", "model=rnn", "--where", "task=copy")
    assert done.returncode == 0
    assert "Deleted 1 run" in done.stdout
    assert done.stderr.count("Left alone") == 2
    assert here.exists()
    os.utime(elsewhere / ".lock", (0, 0))  # no sign of life for years
    assert command("runs", "--rm", "--yes", str(elsewhere)).returncode == 0
    assert not elsewhere.exists()


@pytest.mark.parametrize("name", ["old.tar.zst", "old.tar.gz"])
def test_what_is_archived_and_deleted_is_whole_again_when_it_is_unpacked(
    command: Run, results: Path, tmp_path: Path, name: str
) -> None:
    assert command("runs", *ADDITION, "-o", "a.csv").returncode == 0
    done = command("runs", "--where", "task=addition", "--archive", name, "--rm", "--yes")
    assert done.returncode == 0, done.stderr
    assert not list((results / "addition").glob("*/*"))
    if name.endswith("zst"):
        zstandard = pytest.importorskip("zstandard")
        with (tmp_path / name).open("rb") as packed, (tmp_path / "old.tar").open("wb") as unpacked:
            zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
        name = "old.tar"
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(results, filter="data")
    assert command("runs", *ADDITION, "-o", "b.csv").returncode == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_help_names_the_extra_that_an_archive_needs(command: Run) -> None:
    assert "spectral-bench[archive]" in command("runs", "--help").stdout


def test_an_archive_replaces_no_file_and_has_a_name_that_says_what_it_is(command: Run, results: Path) -> None:
    Path("kept.tar.gz").write_text("mine")
    done = command("runs", "--archive", "kept.tar.gz", "--rm", "--yes")
    assert (done.returncode, Path("kept.tar.gz").read_text()) == (2, "mine")
    assert command("runs", "--archive", "runs.zip").returncode == 2
    assert len(list(results.glob("*/*/*"))) == 9

"""The memory of runs that were read: quick, never wrong, and never missed."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from run_directories import edit, runs_of

from spectral_bench.records import run_cache
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.report.comparison import comparison_report
from spectral_bench.report.formats import as_json


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every directory that is read from now on."""
    directories: list[Path] = []
    read_record = run_cache.read_record

    def counted(directory: Path) -> object:
        directories.append(directory)
        return read_record(directory)

    monkeypatch.setattr(run_cache, "read_record", counted)
    return directories


def report(results: Path) -> str:
    collection = collect([results])
    return as_json(comparison_report(sections(collection.runs), notes=collection.notes))


def test_runs_are_read_once_and_remembered_as_they_are(results: Path, reads: list[Path]) -> None:
    damaged = runs_of(results, "copy", "rnn")[1]
    (damaged / "manifest.json").write_text("{")
    unfinished = runs_of(results, "copy", "rnn")[2]
    (unfinished / "summary.json").unlink()
    first = report(results)
    assert len(reads) == 9
    assert report(results) == first
    assert len(reads) == 9


def test_a_run_that_changed_is_read_again_and_one_that_went_is_forgotten(results: Path, reads: list[Path]) -> None:
    report(results)
    reads.clear()
    changed, gone, grown = runs_of(results, "copy", "rnn")
    edit(changed / "summary.json", test=0.123456)
    shutil.rmtree(gone)
    with (grown / "metrics.csv").open("a") as file:
        file.write("16,,validation,0.1,0.9,1.0,1.0\n")
    runs = {run.directory: run for run in collect([results]).runs}
    assert sorted(reads) == sorted([changed.resolve(), grown.resolve()])
    assert runs[changed.resolve()].summary["test"] == 0.123456
    assert gone.resolve() not in runs


def test_without_its_memory_or_with_a_damaged_or_locked_one_the_answer_is_the_same(
    results: Path, reads: list[Path]
) -> None:
    expected = report(results)
    path = run_cache.index_path()
    assert path.is_file()
    path.unlink()
    assert report(results) == expected
    path.write_bytes(b"no database" * 1000)
    assert report(results) == expected
    reads.clear()
    assert report(results) == expected
    assert not reads
    path.unlink()
    path.mkdir()
    assert report(results) == expected
    path.rmdir()
    report(results)
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE runs")
    assert report(results) == expected


def test_a_cache_folder_that_cannot_be_made_is_done_without(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert report(results) == report(results)


def test_remembered_runs_are_not_read_again(shared_results: Path, reads: list[Path]) -> None:
    first = report(shared_results)
    assert reads
    reads.clear()
    assert report(shared_results) == first
    assert reads == []

"""Runs and their data where people have them: other folders, links, other file systems, nobody's home."""

import errno
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
from small_runs import only_run, small_config

from spectral_bench.config.data_folder import default_data_dir
from spectral_bench.data.datasets import MNIST_FILES, known_files
from spectral_bench.errors import DataError, InputError
from spectral_bench.records.collection import collect
from spectral_bench.runs import environment
from spectral_bench.runs.data_read import check_data
from spectral_bench.runs.directory import new_run_directory
from spectral_bench.runs.environment import source_commit, working_repository
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.point_claim import standing_of
from spectral_bench.runs.reopen import reopened
from spectral_bench.runs.saved_run import read_saved_run
from spectral_bench.runs.verification import verify_run


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A run whose data was taken away since, and where to."""
    data = tmp_path / "maker" / "data"
    (data / "ptb").mkdir(parents=True)
    for part, text in (("train", "a b c d\n" * 20), ("valid", "a b c\n" * 5), ("test", "d a b\n" * 5)):
        (data / "ptb" / f"ptb.{part}.txt").write_text(text)
    monkeypatch.delenv("SPECTRAL_BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.chdir(data.parent)
    directory = execute(prepare(small_config(tmp_path / "results", "data_dir=data", task="ptb"))).directory
    monkeypatch.chdir(tmp_path)
    return directory, shutil.move(data, tmp_path / "elsewhere")


def test_a_run_is_verified_with_the_data_of_whoever_verifies_it(
    moved: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, data = moved
    with pytest.raises(DataError, match="--data-dir FOLDER"):
        verify_run(directory)
    assert verify_run(directory, data_dir=data).difference is None
    monkeypatch.setenv("SPECTRAL_BENCH_DATA", str(data))
    assert verify_run(directory).difference is None


def test_a_run_goes_on_with_the_data_of_whoever_takes_it_up(
    moved: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, data = moved
    monkeypatch.setenv("SPECTRAL_BENCH_DATA", str(data))
    with reopened(directory, ["train.steps=15"]) as run:
        assert run.go_on().summary["steps"] == 15
    assert read_saved_run(directory).experiment().data_dir == data


def test_the_folder_a_run_was_made_with_comes_before_that_of_the_environment(
    moved: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, data = moved
    shutil.copytree(data, tmp_path / "data")  # where the recorded, relative path leads to here
    for file in (data / "ptb").iterdir():
        file.write_text("x y\n" * 9)
    monkeypatch.setenv("SPECTRAL_BENCH_DATA", str(data))
    assert verify_run(directory).difference is None
    with pytest.raises(DataError, match="not the data that this run was begun with"):
        verify_run(directory, data_dir=data)


def test_a_known_set_may_have_been_unpacked_since(tmp_path: Path) -> None:
    packed = {f"mnist/{name}.gz": known_files()[f"mnist/{name}.gz"].sha256 for name in MNIST_FILES}
    unpacked = {f"MNIST/raw/{name}": known_files()[f"mnist/{name}"].sha256 for name in MNIST_FILES}
    manifest = Manifest(tmp_path, {"data": packed})
    check_data(manifest, unpacked)
    with pytest.raises(DataError, match="t10k-labels"):
        check_data(manifest, {**unpacked, "MNIST/raw/t10k-labels-idx1-ubyte": "0"})
    with pytest.raises(DataError):
        check_data(manifest, dict(reversed(unpacked.items())))


def test_a_task_folder_may_be_a_link_to_another_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "copy").symlink_to(far)
    rename = Path.rename

    def within_a_file_system(self: Path, target: Path) -> Path:
        if self.resolve().is_relative_to(far) != target.resolve().is_relative_to(far):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", within_a_file_system)
    made = new_run_directory(
        tmp_path / "results", "copy", "rnn", "0" * 64, 0, lambda new: (new / "file").write_text("")
    )
    assert (made / "file").exists()
    assert [path.name for path in (far / "rnn").iterdir()] == [made.name]


def test_a_run_that_is_only_begun_is_no_candidate_to_go_on_with(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    directory = execute(prepare(config)).directory
    directory.rename(directory.with_name(f".{directory.name}"))
    assert standing_of(config).state == "new"


@pytest.fixture(scope="module")
def one_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("one") / "results"
    return execute(prepare(small_config(results))).directory.resolve()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.usefixtures("cache")
def test_runs_that_links_lead_to_are_found_once_and_circles_end(one_run: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "run").symlink_to(one_run)
    (tree / "deep" / "same").symlink_to(one_run)
    (tree / "deep" / "folder").symlink_to(one_run.parents[2])
    (tree / "deep" / "circle").symlink_to(tree)
    (tree / "deep" / "root").symlink_to("/")
    (tree / "gone").symlink_to(tmp_path / "nothing")
    (tree / "itself").symlink_to(tree / "itself")
    found = collect([tree, tree / "run", tree / "deep"])
    assert [run.directory for run in found.runs] == [one_run]
    assert found.notes == []


def test_a_run_is_of_the_commit_of_its_source_whatever_repository_a_hook_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = source_commit()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    source_commit.cache_clear()
    assert source_commit() == expected


def test_later_runs_of_a_process_name_the_commit_whose_code_it_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = source_commit()
    monkeypatch.setattr(environment, "_git", lambda *_: "another")
    assert source_commit() == loaded


def test_a_run_names_the_commit_of_the_repository_it_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert working_repository() is None
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path))
    subprocess.run([*git, "init", "-q"], check=True)
    assert working_repository() is None  # there is no commit yet
    (tmp_path / "mine.yaml").write_text("a")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "of a run").write_text("")
    assert working_repository() == {"commit": commit, "dirty": False}
    (tmp_path / "mine.yaml").write_text("b")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert working_repository() == {"commit": commit, "dirty": True}
    monkeypatch.setenv("PATH", "")
    assert working_repository() is None


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No home: neither in the environment nor in the list of users."""

    def nobody(_: object) -> NoReturn:
        raise KeyError

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "SPECTRAL_BENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_who_has_no_home_trains_and_compares(homeless: Path) -> None:
    directory = execute(prepare(small_config(homeless / "results"))).directory
    assert [run.directory for run in collect([homeless / "results"]).runs] == [directory.resolve()]
    assert verify_run(only_run(homeless / "results")).difference is None
    assert [path.name for path in homeless.iterdir()] == ["results"]
    with pytest.raises(DataError, match="is not there"):
        prepare(small_config(homeless / "results", task="ptb"))
    assert default_data_dir() == Path("spectral-bench-data")


def test_a_run_from_below_somebodys_home_is_verified_where_nobody_has_one(homeless: Path) -> None:
    directory = execute(prepare(small_config(homeless / "results"))).directory
    config = directory / "config.yaml"
    lines = config.read_text().splitlines()
    moved = ["data_dir: ~/data" if line.startswith("data_dir:") else line for line in lines]
    config.write_text("\n".join("results_dir: ~/r" if line.startswith("results_dir:") else line for line in moved))
    assert verify_run(directory).difference is None
    with reopened(directory, ["train.steps=15"]) as run:
        assert run.go_on().summary["steps"] == 15
    with pytest.raises(InputError, match="no home"):
        small_config(homeless, "data_dir='~/data'")


def test_folders_that_may_not_be_looked_into_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        prepare(small_config(tmp_path, f"data_dir={'a' * 5000}", task="ptb"))
    with pytest.raises(DataError, match="cannot be read"):
        prepare(small_config(tmp_path, f"data_dir={'a' * 5000}", "task.dataset=CBF", task="ucr"))

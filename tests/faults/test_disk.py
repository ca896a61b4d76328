"""A file system that is full, gone or read-only: real ones, of a megabyte each."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from faults.tally import Tally
from small_runs import numbers, only_run, small_config

from spectral_bench.errors import StorageError
from spectral_bench.runs.directory import check_writable
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import reopened
from spectral_bench.training.observer import Observer, Update

OPTIONS = ["train.checkpoint_every=2", "trace.every=2", "train.evaluate_every=3"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


class At(Observer):
    def __init__(self, step: int, action: Callable[[], object]) -> None:
        self.step, self.action = step, action

    def on_update(self, update: Update) -> None:
        if update.step == self.step:
            self.action()


def make_read_only(folder: Path) -> None:
    """Lay a read-only view of the folder over it: what is open for writing keeps the file system itself writable."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 12, 1):
            while file.write(b"x" * size):
                pass


@pytest.mark.parametrize("step", [1, 2, 3, 5, 11])
def test_a_run_whose_disk_is_full_says_so_stays_readable_and_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path, step: int, tally: Tally
) -> None:
    tally.tried("interruptions")
    whole = execute(prepare(small_config(tmp_path / "whole", *OPTIONS))).directory
    with pytest.raises(StorageError, match=r"No space left on device.*spectral-bench resume"):
        execute(prepare(small_config(small_disk, *OPTIONS)), [], [At(step, lambda: fill(small_disk))])
    directory = only_run(small_disk)
    assert json.loads((directory / "manifest.json").read_text())["status"] in ("running", "failed")
    pd.read_csv(directory / "metrics.csv")
    for table in directory.glob("*.par*"):
        pd.read_parquet(table)
    fill(small_disk)  # what the failed write gave back
    with pytest.raises(StorageError, match=r"No space left on device.*when there is room"), reopened(directory):
        pass
    (small_disk / "ballast").unlink()
    with reopened(directory) as run:
        assert run.from_step == (step - 1) // 2 * 2
        run.go_on()
    assert numbers(directory) == numbers(whole)
    tally.survived("interruptions")


def test_a_run_whose_disk_becomes_read_only_says_so_and_goes_on_when_it_is_not(
    small_disk: Path, tmp_path: Path, tally: Tally
) -> None:
    tally.tried("interruptions")
    whole = execute(prepare(small_config(tmp_path / "whole", *OPTIONS))).directory
    with pytest.raises(StorageError, match="Read-only file system"):
        execute(prepare(small_config(small_disk, *OPTIONS)), [], [At(5, lambda: make_read_only(small_disk))])
    directory = only_run(small_disk)
    with pytest.raises(StorageError, match="cannot be written"), reopened(directory):
        pass
    with pytest.raises(StorageError, match="cannot be written: Read-only file system"):
        execute(prepare(small_config(small_disk)))
    with pytest.raises(StorageError, match="cannot be written: Read-only file system"):
        check_writable(small_disk)
    subprocess.run(["umount", str(small_disk)], check=True)
    with reopened(directory) as run:
        run.go_on()
    assert numbers(directory) == numbers(whole)
    tally.survived("interruptions")


def test_a_run_whose_results_folder_is_gone_says_so(tmp_path: Path, tally: Tally) -> None:
    tally.tried("interruptions")
    results = tmp_path / "results"
    with pytest.raises(StorageError, match=r"No such file or directory.* is gone: .* Start the run again"):
        execute(prepare(small_config(results, *OPTIONS)), [], [At(5, lambda: shutil.rmtree(results))])
    assert not results.exists()
    tally.survived("interruptions")


def test_a_disk_that_is_full_at_the_start_is_said_before_training(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(StorageError, match="cannot be written: No space left on device"):
        execute(prepare(small_config(small_disk)))

"""A claim is had by one living process, and taken over from a dead one."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from errno import EACCES
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from small_runs import only_run, small_config

from spectral_bench.errors import DataError, InputError
from spectral_bench.runs.claim_file import HeldError, dead_claims, give_claim_back, take_claim
from spectral_bench.runs.directory import parsed_run_id
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.layout import CLAIMS
from spectral_bench.runs.owner import SILENCE, Owner
from spectral_bench.runs.point_claim import Standing, claimed, standing_of
from spectral_bench.runs.reopen import reopened
from spectral_bench.runs.run_lookup import PointKey
from spectral_bench.runs.saved_run import read_saved_run


def claim_of(path: Path, owner: Owner) -> Path:
    """A claim that a process made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**owner.as_dict(), "token": "theirs"}))
    return path


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_claim_is_refused_while_its_owner_lives_and_free_when_it_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / CLAIMS / "0-seed1"
    take_claim(file, "mine")
    with pytest.raises(HeldError, match=f"process {os.getpid()} on "):
        take_claim(file, "another")
    give_claim_back(file, "another")
    assert file.exists()
    give_claim_back(file, "mine")
    assert not file.exists()


def test_who_gives_a_claim_back_takes_nothing_away_that_others_are_about_to_use(tmp_path: Path) -> None:
    file = tmp_path / CLAIMS / "0-seed1"
    take_claim(file, "mine")
    lock = file.with_name(".takeover")
    lock.touch()  # another process waits for it
    give_claim_back(file, "mine")
    assert list(file.parent.iterdir()) == [lock]


def claim_and_give_back(file: Path, until: float, failures: "SimpleQueue[str]") -> None:
    try:
        while time.time() < until:
            take_claim(file, file.name)
            give_claim_back(file, file.name)
    except OSError as error:
        failures.put(repr(error))


def test_claims_are_taken_while_others_give_theirs_back(tmp_path: Path) -> None:
    context, until = get_context("fork"), time.time() + 1.0
    failures = context.SimpleQueue()
    processes = [
        context.Process(target=claim_and_give_back, args=(tmp_path / CLAIMS / f"0-seed{n}", until, failures))
        for n in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert failures.empty(), failures.get()


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    here = Owner.this_process()
    file = claim_of(tmp_path / CLAIMS / "0-seed1", Owner(here.host, dead_process(), here.since))
    assert list(dead_claims(file.parent)) == [file]
    take_claim(file, "mine")
    assert json.loads(file.read_text())["pid"] == os.getpid()


def test_a_process_that_only_has_the_number_of_a_dead_one_is_no_owner(tmp_path: Path) -> None:
    here = Owner.this_process()
    file = claim_of(tmp_path / CLAIMS / "0-seed1", Owner(here.host, os.getpid(), "2001-01-01T00:00:00+00:00"))
    take_claim(file, "mine")
    assert json.loads(file.read_text())["since"] != "2001-01-01T00:00:00+00:00"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the clock tells processes of one number apart")
def test_a_clock_that_is_set_makes_no_living_owner_dead_and_no_dead_one_alive(tmp_path: Path) -> None:
    here = Owner.this_process()
    file = claim_of(tmp_path / CLAIMS / "0-seed1", replace(here, since="2001-01-01T00:00:00+00:00"))
    with pytest.raises(HeldError):
        take_claim(file, "mine")
    file = claim_of(tmp_path / CLAIMS / "0-seed2", replace(here, birth=f"{here.birth}0"))
    take_claim(file, "mine")
    assert json.loads(file.read_text())["token"] == "mine"  # noqa: S105


@pytest.mark.parametrize(("silent", "taken"), [(SILENCE - 60, False), (SILENCE + 60, True)])
def test_the_claim_of_another_host_is_taken_over_after_a_long_silence(
    tmp_path: Path, silent: float, taken: bool
) -> None:
    file = claim_of(tmp_path / CLAIMS / "0-seed1", Owner("far-away", os.getpid(), Owner.this_process().since))
    os.utime(file, (time.time() - silent,) * 2)
    if taken:
        take_claim(file, "mine")
    else:
        with pytest.raises(HeldError, match="on far-away"):
            take_claim(file, "mine")


def take_at_once(file: Path, together: Barrier, results: Path, number: int) -> None:
    """Take a claim when all do, say whether that succeeded, and live until all have tried."""
    together.wait(60)
    with suppress(HeldError):
        take_claim(file, str(number))
        (results / str(number)).touch()
    together.wait(60)


def test_of_many_processes_that_find_a_dead_owner_one_takes_its_claim(tmp_path: Path) -> None:
    here = Owner.this_process()
    for attempt in range(3):
        file = claim_of(tmp_path / str(attempt) / CLAIMS / "0-seed1", Owner(here.host, dead_process(), here.since))
        results = tmp_path / f"results{attempt}"
        results.mkdir()
        context = get_context("fork")
        together = context.Barrier(6)
        processes = [context.Process(target=take_at_once, args=(file, together, results, n)) for n in range(6)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert len(list(results.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), claimed(small_config(tmp_path / "file")):
        pass


def test_a_run_that_its_owner_lets_nobody_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config(tmp_path)
    theirs = execute(prepare(config)).directory
    look = os.stat

    def refused(path: str | Path, **how: Any) -> os.stat_result:
        if theirs in Path(path).parents:
            raise PermissionError(EACCES, "Permission denied", str(path))
        return look(path, **how)

    monkeypatch.setattr(os, "stat", refused)
    assert standing_of(config) == Standing("new")
    with pytest.raises(DataError, match="cannot be read"):
        read_saved_run(theirs)


def test_a_run_is_found_by_its_name_and_an_older_name_by_its_manifest(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    directory = execute(prepare(config)).directory
    stated = parsed_run_id(directory.name)
    assert stated is not None
    assert stated.digest is not None
    assert PointKey.of(config).digest.startswith(stated.digest)
    older = directory.with_name(directory.name.replace(f"{stated.digest}-", ""))
    directory.rename(older)
    assert parsed_run_id(older.name) is not None
    assert standing_of(config) == Standing("done", older)
    renamed = older.rename(older.with_name("as-i-like"))
    assert standing_of(config) == Standing("done", renamed)


def test_a_run_that_was_made_longer_is_found_by_its_new_configuration_alone(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path)))
    directory = only_run(tmp_path)
    with reopened(directory, ["train.steps=14"]) as run:
        run.go_on()
    assert standing_of(small_config(tmp_path)) == Standing("new")
    assert standing_of(small_config(tmp_path, "train.steps=14")) == Standing("done", directory)

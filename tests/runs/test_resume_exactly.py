"""A run that was interrupted ends like one that never was, bit for bit."""

import errno
import json
import os
import pkgutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from small_runs import FEED_FORWARD, MODELS, numbers, only_run, small_config
from tasks.fabricate import ucr_text, write_mnist, write_ptb, write_ucr

from spectral_bench.errors import DataError, InputError, LockedError, StorageError
from spectral_bench.runs.atomic import write_json
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.interruption import heeding_signals
from spectral_bench.runs.lock import locked
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.point_claim import Standing, standing_of
from spectral_bench.runs.reopen import CompleteError, reopened
from spectral_bench.runs.verification import verify_run
from spectral_bench.training.observer import Observer, Update
from spectral_bench.training.stop import Stop

OFTEN = ["train.checkpoint_every=3", "trace.every=2"]
STACK = ["model.num_layers=2", "model.dropout=0.3"]


class PowerCutError(Exception):
    """The process is gone."""


class At(Observer):
    """Does something once, after an update."""

    def __init__(self, step: int, action: object) -> None:
        self.step, self.action = step, action

    def on_update(self, update: Update) -> None:
        if update.step == self.step:
            self.action()  # type: ignore[operator]


def cut() -> None:
    raise PowerCutError


def start(results: Path, *overrides: str, observer: Observer | None = None, **chosen: str) -> Path:
    """Run, if need be until the power cut."""
    prepared = prepare(small_config(results, *overrides, **chosen))
    try:
        return execute(prepared, overrides, [observer or Observer()]).directory
    except PowerCutError:
        return only_run(results)


def go_on(directory: Path, *overrides: str, observer: Observer | None = None) -> int:
    """Resume; returns the step it went on from."""
    with reopened(directory, overrides) as run:
        with suppress(PowerCutError):
            run.go_on([observer or Observer()])
        return run.from_step


def files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def status(directory: Path) -> str:
    return str(json.loads((directory / "manifest.json").read_text())["status"])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with small files for every task."""
    folder = tmp_path_factory.mktemp("data")
    write_mnist(folder)
    write_ptb(folder, "a b c d\n" * 20 + "a a e\n" * 5, "a b c e\n" * 7, "d a b\n" * 8)
    write_ucr(folder, "Small", ucr_text(["10", "-1", "2"] * 10, 12), ucr_text(["2", "-1", "10"] * 5, 12))
    return folder


@pytest.mark.parametrize("model", MODELS)
def test_every_model_goes_on_bit_for_bit_however_it_was_interrupted(tmp_path: Path, model: str) -> None:
    whole = start(tmp_path / "whole", *OFTEN, *STACK, model=model)
    broken = start(tmp_path / "broken", *OFTEN, *STACK, model=model, observer=At(5, cut))
    assert go_on(broken, observer=At(8, lambda: os.kill(os.getpid(), signal.SIGTERM))) == 3
    assert status(broken) == "interrupted"
    assert go_on(broken, observer=At(9, cut)) == 8
    assert go_on(broken) == 8
    assert status(broken) == "completed"
    assert numbers(broken) == numbers(whole)


@pytest.mark.parametrize("model", FEED_FORWARD)
def test_every_feed_forward_model_goes_on_bit_for_bit(tmp_path: Path, model: str) -> None:
    options = [*OFTEN, "model.depth=4"]
    whole = start(tmp_path / "whole", *options, task="addition", model=model)
    broken = start(tmp_path / "broken", *options, task="addition", model=model, observer=At(5, cut))
    go_on(broken)
    assert numbers(broken) == numbers(whole)


def test_singular_values_are_clipped_when_they_would_have_been(tmp_path: Path) -> None:
    options = [*OFTEN, "model.bound=clip", "model.clip_every=4", "r=0.1", "model.penalise=srip"]
    whole = start(tmp_path / "whole", *options, model="rnn")
    broken = start(tmp_path / "broken", *options, model="rnn", observer=At(6, cut))
    assert go_on(broken) == 3
    assert numbers(broken) == numbers(whole)


@pytest.mark.parametrize("task", ["addition", "mnist", "ptb", "ucr"])
def test_every_task_goes_on_bit_for_bit(tmp_path: Path, task: str, data: Path) -> None:
    options = [*OFTEN, f"data_dir={data}", "train.batch_size=3"]
    whole = start(tmp_path / "whole", *options, task=task, model="lstm")
    broken = start(tmp_path / "broken", *options, task=task, model="lstm", observer=At(5, cut))
    for step in (7, 10):
        go_on(broken, observer=At(step, cut))
    go_on(broken)
    assert numbers(broken) == numbers(whole)


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    broken = start(tmp_path / "broken", observer=At(11, cut))
    assert go_on(broken) == 0
    assert numbers(broken) == numbers(whole)


def test_a_complete_run_that_is_trained_on_is_like_one_of_that_length(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole", "train.steps=21")
    longer = start(tmp_path / "longer", "train.steps=12")
    assert go_on(longer, "train.steps=21") == 12
    assert numbers(longer) == numbers(whole)
    assert json.loads((longer / "summary.json").read_text())["steps"] == 21
    assert "steps: 21" in (longer / "config.yaml").read_text()


def test_early_stopping_and_the_best_weights_survive(tmp_path: Path) -> None:
    options = ["train.patience=3", "train.evaluate_every=2", "train.steps=500", "optimizer.lr=0.3", *OFTEN]
    whole = start(tmp_path / "whole", *options)
    broken = start(tmp_path / "broken", *options, observer=At(5, cut))
    go_on(broken)
    assert numbers(broken) == numbers(whole)
    summaries = [json.loads((path / "summary.json").read_text()) for path in (whole, broken)]
    times = ("ms_per_step", "wall_seconds")
    first, second = ({key: value for key, value in summary.items() if key not in times} for summary in summaries)
    assert first == second
    assert first["steps"] < 500


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.lr=0.5", r"optimizer\.lr: a run that goes on keeps its configuration"),
        ("train.steps=5", r"train\.steps=5: may be raised, not lowered; it was 12"),
        ("seed=3", r"seed: a run that goes on"),
        ("results_dir=elsewhere", r"results_dir: a run that goes on"),
        ("device=cuda:9", r"device: a run that goes on"),
        ("model=rnn", r"^model: a run that goes on keeps .* train\.max_minutes may change"),
        ("dvice=cpu", r"Unknown key 'dvice'\. Valid: data_dir, train\.epochs, train\.max_minutes, train\.steps\."),
        ("train.step=13", r"Did you mean 'train\.steps'"),
        ("train.steps=many", r"^train\.steps=many: expected a whole number"),
        ("train.steps=13,14", r"is a grid"),
    ],
)
def test_any_other_change_is_refused_and_changes_nothing(tmp_path: Path, override: str, message: str) -> None:
    directory = start(tmp_path)
    before = files(directory)
    with pytest.raises(InputError, match=message), reopened(directory, [override]):
        pass
    assert files(directory) == before


@pytest.mark.parametrize("overrides", [[], ["data_dir=elsewhere"], ["train.max_minutes=5"]])
def test_a_complete_run_with_nothing_to_do_is_left_byte_for_byte(tmp_path: Path, overrides: list[str]) -> None:
    directory = start(tmp_path)
    before = files(directory)
    with (
        pytest.raises(CompleteError, match=r"this run is complete.* train\.steps=NUMBER$"),
        reopened(directory, overrides),
    ):
        pass
    assert files(directory) == before


def test_a_run_that_patience_ended_is_not_made_longer_and_says_why(tmp_path: Path) -> None:
    directory = start(tmp_path, "train.patience=1", "train.evaluate_every=1", "train.steps=500", "optimizer.lr=1e-12")
    before = files(directory)
    with (
        pytest.raises(CompleteError, match=r"train\.patience ended it .* no number of updates makes it longer\."),
        reopened(directory),
    ):
        pass
    with pytest.raises(InputError, match=r"^train\.steps=900: would have no"), reopened(directory, ["train.steps=900"]):
        pass
    assert files(directory) == before


def test_of_two_lengths_the_advice_names_both_and_what_did_not_end_it_is_refused(tmp_path: Path, data: Path) -> None:
    lengths = ["train.epochs=1", "train.steps=500"]
    directory = start(tmp_path, *lengths, f"data_dir={data}", task="ucr")
    with (
        pytest.raises(CompleteError, match=r"train\.steps=NUMBER or train\.epochs=NUMBER, the one that ended it$"),
        reopened(directory),
    ):
        pass
    before = files(directory)
    with (
        pytest.raises(
            InputError,
            match=r"^train\.steps=900: would have no effect\. .*train\.epochs=NUMBER, the one that ended it$",
        ),
        reopened(directory, ["train.steps=900"]),
    ):
        pass
    assert files(directory) == before


@pytest.mark.parametrize("status", ["completed", "diverged"])
def test_a_result_without_checkpoints_is_not_trained_over(tmp_path: Path, status: str) -> None:
    directory = start(tmp_path)
    for checkpoint in directory.glob("checkpoint*.pt"):
        checkpoint.unlink()
    manifest = directory / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"status": "completed"', f'"status": "{status}"'))
    before = files(directory)
    message = r"no checkpoint to go on from.*overrides\.yaml and train\.steps=20\.$"
    with pytest.raises(DataError, match=message), reopened(directory, ["train.steps=20"]):
        pass
    assert files(directory) == before


@pytest.mark.parametrize(("old", "new"), [("beta1: 0.9", "beta1: 0.8"), ("seed: 0", "seed: 2")])
def test_a_configuration_that_was_edited_is_refused_and_not_found(tmp_path: Path, old: str, new: str) -> None:
    directory = start(tmp_path, observer=At(5, cut))
    config = directory / "config.yaml"
    config.write_text(config.read_text().replace(old, new))
    manifest = (directory / "manifest.json").read_bytes()
    with pytest.raises(DataError, match=r"config\.yaml: is not the configuration this run"), reopened(directory):
        pass
    assert (directory / "manifest.json").read_bytes() == manifest
    assert standing_of(small_config(tmp_path, "optimizer.beta1=0.8")) == Standing("new")
    assert standing_of(small_config(tmp_path, "seed=2")) == Standing("new")


def test_a_run_that_dies_while_it_is_made_longer_can_be_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = start(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("spectral_bench.runs.reopen.write_text", lambda *_: cut())
        for _ in range(3):
            with pytest.raises(PowerCutError), reopened(directory, ["train.steps=20"]):
                pass
    assert standing_of(small_config(tmp_path)) == Standing("unfinished", directory)
    assert go_on(directory, "train.steps=20") == 12
    assert verify_run(directory).difference is None


@pytest.mark.parametrize("way", ["by its path", "without links", "by a link beside", "from within"])
def test_a_run_made_longer_is_found_whichever_way_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "copy").symlink_to(tmp_path / "elsewhere")
    directory = start(tmp_path)
    (tmp_path / "beside").symlink_to(directory.parent)
    monkeypatch.chdir(directory)
    ways = {
        "by its path": directory,
        "without links": directory.resolve(),
        "by a link beside": tmp_path / "beside" / directory.name,
        "from within": Path(),
    }
    go_on(ways[way], "train.steps=20")
    assert standing_of(small_config(tmp_path, "train.steps=20")) == Standing("done", directory)


def test_a_run_is_made_longer_where_nobody_may_note_that_its_name_is_outgrown(tmp_path: Path) -> None:
    directory = start(tmp_path)
    (tmp_path / ".claims").write_text("no folder")
    with reopened(directory, ["train.steps=20"]) as run:
        assert [".claims" in warning for warning in run.warnings] == [True]
        run.go_on()
    assert status(directory) == "completed"


@pytest.mark.parametrize("name", ["gradients.parts", "gradients.parquet", "metrics.csv", ".manifest.json.tmp"])
def test_a_run_directory_that_leads_into_another_is_not_taken_up(tmp_path: Path, name: str) -> None:
    broken, other = (start(tmp_path / word, *OFTEN, observer=At(8, cut)) for word in ("broken", "other"))
    before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
    if (broken / name).exists():
        (broken / name).rename(tmp_path / "aside")
    (broken / name).symlink_to(other / name.removesuffix(".tmp").removeprefix("."))
    with pytest.raises(DataError, match=rf"{name}: is a symbolic link"), reopened(broken):
        pass
    assert {path: path.read_bytes() for path in other.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "edit",
    [
        {"step": -5},
        {"step": 10**30},
        {"step": True},
        {"wall_seconds": None},
        {"best_validation": "high"},
        {"bytes": 10**30},
        {"bytes": 2**62},
    ],
    ids=str,
)
def test_a_checkpoint_with_numbers_that_cannot_be_is_named(tmp_path: Path, edit: dict[str, object]) -> None:
    directory = start(tmp_path, *OFTEN, observer=At(5, cut))
    file = directory / "checkpoint.pt"
    content = torch.load(file, weights_only=True)
    (content["metrics"] if "bytes" in edit else content["trainer"]["progress"]).update(edit)
    torch.save(content, file)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["checkpoints"][0]["sha256"] = sha256(file.read_bytes()).hexdigest()
    (directory / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"checkpoint\.pt|metrics\.csv: has"), reopened(directory):
        pass


def test_a_run_trained_on_is_measured_as_often_as_before(tmp_path: Path) -> None:
    directory = start(tmp_path, "train.evaluate_every=null", "trace.every=null", "train.steps=20")
    before = (directory / "metrics.csv").read_text()
    go_on(directory, "train.steps=40")
    rows = [line.rsplit(",", 2)[0] for line in (directory / "metrics.csv").read_text().splitlines()]
    kept = [line.rsplit(",", 2)[0] for line in before.splitlines() if ",test," not in line]
    assert rows[: len(kept)] == kept
    assert [row.split(",")[0] for row in rows if ",validation," in row] == [str(step) for step in range(1, 41)]
    assert sorted(set(pd.read_parquet(directory / "gradients.parquet")["step"])) == list(range(41))
    assert "evaluate_every: 1\n" in (directory / "config.yaml").read_text()
    assert "train.evaluations" in Manifest.read(directory).content["ineffective"]
    assert "  every: 1\n" in (directory / "config.yaml").read_text()
    assert verify_run(directory, whole=True).difference is None


def test_a_run_goes_on_with_the_threads_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = start(tmp_path, *OFTEN, observer=At(5, cut))
    file = directory / "manifest.json"
    file.write_text(file.read_text().replace('"threads": 1', '"threads": 3'))
    chosen: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    with reopened(directory):
        assert chosen == [3]


@pytest.mark.parametrize("where", ["execute.new_run_directory", "execute.locked", "reopen.rewind.rewind_tables"])
def test_a_signal_between_the_directory_and_the_first_update_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    room = f"spectral_bench.runs.{where}"
    call = pkgutil.resolve_name(room)

    def signalled(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return call(*arguments)

    broken = start(tmp_path, observer=At(5, cut)) if where.startswith("reopen") else None
    with monkeypatch.context() as patched:
        patched.setattr(room, signalled)
        if broken is None:
            broken = start(tmp_path)
        else:
            go_on(broken)
    manifest = json.loads((broken / "manifest.json").read_text())
    assert (manifest["status"], manifest["reason"]) == ("interrupted", "SIGTERM")
    go_on(broken)
    assert status(broken) == "completed"


def test_a_second_signal_ends_at_once_and_the_manifest_says_so_in_words(tmp_path: Path) -> None:
    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SystemExit, match="130"):
        start(tmp_path, observer=At(3, twice))
    manifest = json.loads((only_run(tmp_path) / "manifest.json").read_text())
    assert manifest["status"] == "interrupted"
    assert manifest["reason"] == "SIGINT, and a second signal: stopped at once"


def test_a_signal_after_a_time_limit_is_the_first_and_the_next_the_second() -> None:
    stop = Stop()
    with heeding_signals(stop):
        stop.ask("train.max_minutes")
        signal.raise_signal(signal.SIGTERM)
        assert stop.cause == "SIGTERM"
        with pytest.raises(SystemExit, match="130"):
            signal.raise_signal(signal.SIGINT)


def test_a_terminal_that_closes_leaves_a_checkpoint_however_often_it_is_told(tmp_path: Path) -> None:
    def hang_up() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)

    directory = start(tmp_path, observer=At(3, hang_up))
    manifest = json.loads((directory / "manifest.json").read_text())
    assert (manifest["status"], manifest["reason"]) == ("interrupted", "SIGHUP")
    assert go_on(directory) == 3


def test_a_run_under_nohup_does_not_hear_the_terminal_close(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        directory = start(tmp_path, observer=At(3, lambda: os.kill(os.getpid(), signal.SIGHUP)))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert status(directory) == "completed"


@pytest.mark.parametrize("allocate", [lambda: torch.empty(1 << 60), lambda: np.empty(1 << 60)])
def test_memory_that_runs_out_in_the_middle_is_answered_and_can_be_gone_on_from(
    tmp_path: Path, allocate: Callable[[], object]
) -> None:
    with pytest.raises(InputError, match="svdrnn on copy does not fit into memory"):
        start(tmp_path, *OFTEN, observer=At(5, allocate))
    directory = only_run(tmp_path)
    assert status(directory) == "failed"
    assert go_on(directory) == 3


def test_a_run_that_a_full_disk_ended_says_which_file_and_when(tmp_path: Path) -> None:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "some/file")

    with pytest.raises(StorageError):
        start(tmp_path, observer=At(3, fill))
    manifest = json.loads((only_run(tmp_path) / "manifest.json").read_text())
    assert manifest["status"] == "failed"
    assert manifest["reason"].startswith("some/file: No space left on device, after 3 updates.")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        OSError("no more of these pages"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/of/the/task"),
    ],
)
def test_what_fails_outside_a_run_is_not_told_as_a_disk_that_does(tmp_path: Path, error: OSError) -> None:
    def lose() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        start(tmp_path, observer=At(3, lose))
    assert raised.value is error
    manifest = json.loads((only_run(tmp_path) / "manifest.json").read_text())
    assert (manifest["status"], manifest["reason"]) == ("failed", str(error))


@pytest.mark.parametrize("number", [errno.EFBIG, errno.ESTALE, errno.EACCES])
def test_a_write_that_fails_without_naming_its_file_says_how_to_go_on(tmp_path: Path, number: int) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(StorageError, match="spectral-bench resume"):
        start(tmp_path, observer=At(3, fail))


def test_a_run_that_another_host_left_without_a_word_is_not_taken_over_silently(tmp_path: Path) -> None:
    directory = start(tmp_path, *OFTEN, observer=At(5, lambda: None))
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text())
    # A process of this host has this number; whose host it was is what counts.
    manifest |= {"status": "running", "owner": {**manifest["owner"], "host": "elsewhere", "pid": os.getpid()}}
    file.write_text(json.dumps(manifest))
    with locked(directory), pytest.raises(LockedError, match=r"on elsewhere, .* Wait for it, or stop it there"), \
         reopened(directory):  # fmt: skip
        pass
    with reopened(directory) as run:
        assert f"process {os.getpid()} on elsewhere was at work on this run" in run.warnings[-1]
        assert "stop it first" in run.warnings[-1]


def test_data_that_is_not_what_it_was_is_refused(tmp_path: Path, data: Path) -> None:
    broken = start(tmp_path / "runs", f"data_dir={data}", "train.batch_size=3", task="ptb", observer=At(5, cut))
    write_ptb(tmp_path, "a b c d\n" * 20, "a b\n", "c d\n")
    with (
        pytest.raises(DataError, match=r"ptb\.train\.txt, .*: not the data that this run was begun with"),
        reopened(broken, [f"data_dir={tmp_path}"]),
    ):
        pass


def test_a_damaged_checkpoint_is_named_and_the_previous_one_used(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole", *OFTEN)
    for number, damage in enumerate((lambda data: data[:-100], lambda data: bytes([data[0] ^ 1]) + data[1:])):
        broken = start(tmp_path / f"broken{number}", *OFTEN, observer=At(8, cut))
        checkpoint = broken / "checkpoint.pt"
        checkpoint.write_bytes(damage(checkpoint.read_bytes()))
        with reopened(broken) as run:
            assert run.from_step == 3
            assert str(checkpoint) in run.warnings[0]
            run.go_on()
        assert numbers(broken) == numbers(whole)


def test_when_no_checkpoint_is_whole_both_are_named(tmp_path: Path) -> None:
    broken = start(tmp_path, *OFTEN, observer=At(8, cut))
    for checkpoint in broken.glob("checkpoint*"):
        checkpoint.write_bytes(b"")
    with pytest.raises(DataError, match=r"checkpoint\.pt: is damaged.*checkpoint\.previous\.pt: is damaged"), \
         reopened(broken):  # fmt: skip
        pass


@pytest.mark.parametrize("is_killed", [True, False])
def test_checkpoints_that_never_got_their_names_push_out_none_that_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_killed: bool
) -> None:
    """However often a session ends in the middle of its first checkpoint, by a kill or a full disk."""
    directory = start(tmp_path, *OFTEN, observer=At(8, cut))
    seen: list[str] = []

    def run_out(path: Path, content: Mapping[str, Any]) -> None:
        newest = content["checkpoints"][0]
        is_first = newest["step"] == 9 and newest["sha256"] not in seen
        seen.append(newest["sha256"])
        if is_first and not is_killed:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_json(path, content)
        if is_first:
            cut()

    for _ in range(4):
        with monkeypatch.context() as patched, reopened(directory) as run:
            patched.setattr("spectral_bench.runs.manifest.write_json", run_out)
            with pytest.raises(PowerCutError if is_killed else StorageError):
                run.go_on()
    (directory / "checkpoint.pt").write_bytes(b"damaged")
    assert go_on(directory) == 3
    assert status(directory) == "completed"


def test_who_has_just_begun_to_go_on_with_a_run_is_not_taken_for_who_did_before(tmp_path: Path) -> None:
    directory = start(tmp_path)
    with (
        locked(directory),
        pytest.raises(LockedError, match="another process is at work"),
        reopened(directory, ["train.steps=20"]),
    ):
        pass


def test_two_at_once_cannot_go_on_with_one_run(tmp_path: Path) -> None:
    directory = start(tmp_path, *OFTEN, observer=At(8, cut))
    with (
        reopened(directory),
        pytest.raises(LockedError, match=rf"process {os.getpid()} on .*, since \d\d:\d\d, is at work"),
        reopened(directory),
    ):
        pass
    assert go_on(directory) == 6


def test_a_run_in_progress_is_locked_and_a_finished_one_is_not(tmp_path: Path) -> None:
    refused = []

    def try_to_lock() -> None:
        with pytest.raises(LockedError) as error, locked(only_run(tmp_path)):
            pass
        refused.append(error)

    directory = start(tmp_path, observer=At(3, try_to_lock))
    assert len(refused) == 1
    with locked(directory):
        pass
    assert not (directory / ".lock").exists()


def test_a_configuration_is_found_as_it_stands_and_no_other(tmp_path: Path) -> None:
    assert standing_of(small_config(tmp_path)) == Standing("new")
    whole = start(tmp_path)
    assert standing_of(small_config(tmp_path)) == Standing("done", whole)
    broken = start(tmp_path / "broken", observer=At(3, cut))
    for overrides in ([], ["train.max_minutes=5"]):
        found = standing_of(small_config(tmp_path / "broken", *overrides))
        assert (found.state, found.directory) in (("failed", broken), ("unfinished", broken))
    for other in ("seed=1", "train.steps=13", "r=0.5"):
        assert standing_of(small_config(tmp_path / "broken", other)) == Standing("new")


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not the directory of a run"), reopened(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_changed_in_the_environment_since_is_said(tmp_path: Path) -> None:
    directory = start(tmp_path, *OFTEN, observer=At(8, cut))
    file = directory / "manifest.json"
    file.write_text(file.read_text().replace(f'"torch": "{version("torch")}"', '"torch": "1.0"'))
    with reopened(directory) as run:
        assert run.warnings == [f"packages torch: 1.0 then, {version('torch')} now"]

import json
import os
import pickle
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
import torch
from exact_csv import read_exactly

from spectral_bench.errors import DataError, InputError
from spectral_bench.runs import metrics_file
from spectral_bench.runs.atomic import write_json, write_text
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.directory import new_run_directory
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.metrics_file import MetricsFile
from spectral_bench.training.observer import Measurement


def fill(path: Path) -> None:
    (path / "file").write_text("")


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def cut_off(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut_off)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_files_hold_null_where_a_number_is_not_finite(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": float("nan"), "b": float("inf"), "c": 1.5, "d": None})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": None, "c": 1.5, "d": None}


def test_runs_started_in_the_same_second_get_directories_of_their_own(tmp_path: Path) -> None:
    paths = {new_run_directory(tmp_path, "copy", "rnn", "0" * 64, 1, fill) for _ in range(200)}
    assert len(paths) == 200
    assert all(path.parent == tmp_path / "copy" / "rnn" for path in paths)


def test_an_identifier_that_is_taken_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["aaaaaa", "aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("spectral_bench.runs.directory.secrets.token_hex", lambda _: next(draws))
    first = new_run_directory(tmp_path, "copy", "rnn", "0" * 64, 1, lambda path: (path / "file").write_text("first"))
    second = new_run_directory(tmp_path, "copy", "rnn", "0" * 64, 1, lambda path: (path / "file").write_text("second"))
    assert [(path / "file").read_text() for path in (first, second)] == ["first", "second"]


def test_a_run_that_dies_while_its_first_files_are_written_has_no_directory(tmp_path: Path) -> None:
    def die(path: Path) -> None:
        fill(path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_run_directory(tmp_path, "copy", "rnn", "0" * 64, 1, die)
    assert [path.name for path in tmp_path.rglob("*")] == ["copy", "rnn"]


def test_a_results_folder_that_is_a_file_is_named_in_the_message(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(InputError, match=r"results_dir=.*results cannot be written"):
        new_run_directory(tmp_path / "results", "copy", "rnn", "0" * 64, 1, fill)


def test_metrics_read_back_exactly_and_are_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    file = MetricsFile(path, "accuracy")
    file.append(Measurement(10, 0.5, "validation", 0.1 + 0.2, 1 / 3, 1000.0, 2.5))
    file.append(Measurement(20, None, "test", float("nan"), 1.0, 1000.0, 2.5))
    frame = read_exactly(path)
    assert list(frame.columns) == [
        "step", "epoch", "split", "loss", "accuracy", "samples_per_second", "wall_seconds",
    ]  # fmt: skip
    assert frame["loss"][0] == 0.1 + 0.2
    assert frame["accuracy"][0] == 1 / 3
    assert pd.isna(frame["epoch"][1])
    assert pd.isna(frame["loss"][1])


def test_a_metrics_file_that_is_opened_again_goes_on_without_a_second_header(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for step in (1, 2):
        MetricsFile(path, "mse").append(Measurement(step, None, "train", 0.0, 0.0, 0.0, 0.0))
    assert list(pd.read_csv(path)["step"]) == [1, 2]


def test_the_manifest_says_running_until_it_says_how_the_run_ended(tmp_path: Path) -> None:
    manifest = Manifest.create(tmp_path, {"threads": 2})
    assert Manifest.read(tmp_path).status == "running"
    manifest.end("diverged", "the loss is nan")
    content = Manifest.read(tmp_path).content
    assert (content["status"], content["reason"], content["threads"]) == ("diverged", "the loss is nan", 2)
    assert content["ended"] >= content["started"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"status": "gone"}', "[" * 100_000, "\0", "\udcff"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, errors="surrogateescape")
    with pytest.raises(DataError, match=r"manifest\.json: (cannot be read|is not)"):
        Manifest.read(tmp_path)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch should-not-exist",)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path, Manifest.create(tmp_path, {}))


def test_a_checkpoint_cannot_run_code(
    tmp_path: Path, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoints.save(1, {"model": Malicious()})
    file, manifest = tmp_path / "checkpoint.pt", Manifest.read(tmp_path)
    file.write_bytes(pickle.dumps(Malicious(), protocol=4))  # of whose protocol PyTorch warns
    manifest.update(checkpoints=[{"step": 1, "sha256": sha256(file.read_bytes()).hexdigest()}])
    with pytest.raises(DataError, match=r"checkpoint\.pt: refused; expected tensors and plain values only"):
        Checkpoints(tmp_path, manifest).load(file)
    checkpoints.save(1, {"model": Malicious()})
    with pytest.raises(DataError, match=r"checkpoint\.pt: refused; expected tensors and plain values only"):
        checkpoints.load(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "should-not-exist").exists()


def test_a_checkpoint_gives_back_what_was_saved_and_the_one_before_it_is_kept(
    tmp_path: Path, checkpoints: Checkpoints
) -> None:
    weight, mark = torch.randn(3, 4), {"bytes": 10, "sha256": "0"}
    for step in (1, 2, 3):
        progress = {"step": step, "best": None}
        state = {"model": {"weight": weight}, "progress": progress, "carried": [(torch.ones(2),)]}
        checkpoints.save(step, {"trainer": state, "metrics": mark})
    newest, previous = (checkpoints.load(path)["trainer"] for path in checkpoints.paths())
    assert torch.equal(newest["model"]["weight"], weight)
    assert newest["progress"] == {"step": 3, "best": None}
    assert torch.equal(newest["carried"][0][0], torch.ones(2))
    assert previous["progress"]["step"] == 2


def test_a_checkpoint_with_any_bit_flipped_or_cut_off_anywhere_is_named(
    tmp_path: Path, checkpoints: Checkpoints
) -> None:
    checkpoints.save(1, {"weight": torch.randn(3, 4)})
    path = tmp_path / "checkpoint.pt"
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        flipped = bytes([whole[position] ^ 1 << position % 8])
        for damaged in (whole[:position], whole[:position] + flipped + whole[position + 1 :]):
            path.write_bytes(damaged)
            with pytest.raises(DataError, match=r"checkpoint\.pt: is damaged"):
                checkpoints.load(path)


def test_metrics_are_checked_against_a_mark_and_cut_back_to_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    file = MetricsFile(path, "mse")
    row = Measurement(1, None, "train", 0.5, 0.5, 1.0, 1.0)
    file.append(row)
    mark, then = file.mark(), path.read_bytes()
    file.append(row)
    metrics_file.check_metrics(path, mark)
    metrics_file.rewind_metrics(path, mark)
    assert path.read_bytes() == then
    path.write_bytes(then[:-1])
    with pytest.raises(DataError, match=r"metrics\.csv: has \d+ bytes, and had"):
        metrics_file.check_metrics(path, mark)
    path.write_bytes(then.replace(b"0.5", b"0.6"))
    with pytest.raises(DataError, match=r"metrics\.csv: is not what it was"):
        metrics_file.check_metrics(path, mark)

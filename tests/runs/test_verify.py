"""A run can be had again, and where it cannot, the first difference is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from small_runs import only_run, small_config

from spectral_bench.errors import DataError, InputError
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.verification import verify_run
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.observer import Observer, Update


def run(results: Path, *overrides: str) -> Path:
    return execute(prepare(small_config(results, "train.checkpoint_every=5", *overrides))).directory


def files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_run_is_the_same_from_its_previous_checkpoint_and_from_the_beginning(tmp_path: Path) -> None:
    directory = run(tmp_path)
    before = files(directory)
    part, whole = verify_run(directory), verify_run(directory, whole=True)
    assert (part.difference, whole.difference) == (None, None)
    assert (part.first_step, whole.first_step) == (10, 0)
    assert part.last_step == whole.last_step == 12
    assert 0 < part.compared < whole.compared
    assert files(directory) == before


def test_as_many_updates_as_asked_for_are_replayed(tmp_path: Path) -> None:
    directory = run(tmp_path)
    verdict = verify_run(directory, 6, whole=True)
    assert (verdict.difference, verdict.last_step) == (None, 6)
    with pytest.raises(InputError, match="nothing was recorded in the updates 10 to 11"):
        verify_run(directory, 1)


def test_the_first_number_that_differs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = run(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("torch.optim.Adam.step", lambda _: None)
        verdict = verify_run(directory, whole=True)
    assert verdict.difference is not None
    assert verdict.difference.startswith("singular value at step 4, layer 0")


def test_a_run_that_diverged_diverges_again(tmp_path: Path) -> None:
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free"]
    with pytest.raises(DivergedError):
        run(tmp_path, *explosion)
    verdict = verify_run(only_run(tmp_path))
    assert verdict.difference is None
    assert verdict.compared > 0


def test_a_run_that_goes_on_past_divergence_has_the_same_weights_again_nan_or_not(tmp_path: Path) -> None:
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free", "train.on_divergence=continue"]
    directory = run(tmp_path, *explosion)
    weights = torch.load(directory / "checkpoint.pt", weights_only=True)["trainer"]["model"]
    assert any(weight.isnan().any() for weight in weights.values())
    assert verify_run(directory, whole=True).difference is None


@pytest.mark.parametrize("table", ["gradients.parquet", "spectrum.parquet"])
def test_a_trace_that_lost_has_other_or_more_rows_is_named(tmp_path: Path, table: str) -> None:
    directory = run(tmp_path)
    path, frame = directory / table, pd.read_parquet(directory / table)
    kept = path.read_bytes()
    value = frame.columns[-1]
    for changed, message in (
        (frame[frame["step"] > 0], rf"{table}: has .* rows of the steps before 12, and had \d+ at the last"),
        (pd.concat([frame, frame[frame["step"] == 0]]), rf"{table}: has .* and had \d+ at the last"),
        (frame.assign(**{value: frame[value] * 1.5}), rf"{table}: is not what it was at the last checkpoint"),
    ):
        changed.to_parquet(path, index=False)
        with pytest.raises(DataError, match=message):
            verify_run(directory)
    path.unlink()
    with pytest.raises(DataError, match=rf"{table}: has 0 rows"):
        verify_run(directory)
    path.write_bytes(kept[:-9])
    with pytest.raises(DataError, match=rf"{table}: is damaged"):
        verify_run(directory)
    path.write_bytes(kept)
    other = directory / table.replace("parquet", "parts") / "other.parquet"
    other.parent.mkdir()
    other.write_bytes(kept)
    with pytest.raises(DataError, match=r"other\.parquet: is not a part of this run's table"):
        verify_run(directory)
    other.unlink()
    assert verify_run(directory).difference is None


def test_what_a_diverged_run_traced_after_its_last_checkpoint_is_missed_as_well(tmp_path: Path) -> None:
    class Explode(Observer):
        def on_update(self, update: Update) -> None:
            if update.step == 11:
                raise DivergedError("the loss is nan")

    with pytest.raises(DivergedError):
        execute(prepare(small_config(tmp_path, "train.checkpoint_every=5", "trace.every=1")), observers=[Explode()])
    directory = only_run(tmp_path)
    frame = pd.read_parquet(directory / "gradients.parquet")
    assert frame["step"].max() == 10
    frame[frame["step"] < 10].to_parquet(directory / "gradients.parquet", index=False)
    assert (verify_run(directory).difference or "").endswith("step 10, layer 0: is not recorded")


def test_whole_tables_that_are_lost_are_noticed_without_any_checkpoint(tmp_path: Path) -> None:
    directory = run(tmp_path)
    for checkpoint in directory.glob("checkpoint*"):
        checkpoint.unlink()
    assert verify_run(directory).difference is None
    (directory / "gradients.parquet").unlink()
    assert verify_run(directory).difference == "gradient norm at step 0, layer 0: is not recorded"


def test_rows_that_no_replay_gives_are_noticed(tmp_path: Path) -> None:
    directory = run(tmp_path)
    with (directory / "metrics.csv").open("a") as file:
        file.write("13,,validation,0.5,0.5,1.0,1.0\n")
    assert verify_run(directory).difference == "measurement at step 13, validation: recorded, and now there is none"


@pytest.mark.parametrize("edit", [{"test": 0.99}, {"best_step": 3}, {"extra": 1}])
def test_a_summary_that_was_edited_is_noticed(tmp_path: Path, edit: dict[str, float]) -> None:
    directory = run(tmp_path)
    summary = directory / "summary.json"
    content = json.loads(summary.read_text())
    summary.write_text(json.dumps({**content, "wall_seconds": 1.0}))
    assert verify_run(directory).difference is None
    summary.write_text(json.dumps({**content, **edit}))
    assert (verify_run(directory).difference or "").startswith(f"summary.json, {next(iter(edit))}: recorded ")
    summary.unlink()
    assert (verify_run(directory).difference or "").startswith("summary.json: cannot be read")


def test_what_a_killed_run_never_wrote_is_not_missed(tmp_path: Path) -> None:
    class Cut(Observer):
        def on_update(self, update: Update) -> None:
            if update.step == 11:
                raise KeyError

    with pytest.raises(KeyError):
        execute(prepare(small_config(tmp_path, "train.checkpoint_every=5", "trace.every=1")), observers=[Cut()])
    directory = only_run(tmp_path)
    for whole in (False, True):
        assert verify_run(directory, whole=whole).difference is None
    sorted((directory / "spectrum.parts").iterdir())[0].unlink()
    with pytest.raises(DataError, match=r"spectrum\.parquet: has"):
        verify_run(directory)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    directory = run(tmp_path)
    (directory / "checkpoint.previous.pt").write_bytes(b"")
    verdict = verify_run(directory)
    assert verdict.difference is None
    assert verdict.first_step == 0
    assert verdict.damaged[0].startswith(str(directory / "checkpoint.previous.pt"))
    table = directory / "metrics.csv"
    table.write_text(table.read_text().replace("0.", "0.1", 1))
    with pytest.raises(DataError, match=r"metrics\.csv"):
        verify_run(directory)


def test_a_configuration_that_was_edited_is_noticed(tmp_path: Path) -> None:
    directory = run(tmp_path)
    config = directory / "config.yaml"
    config.write_text(config.read_text().replace("beta1: 0.9", "beta1: 0.8"))
    verdict = verify_run(directory, whole=True)
    assert any("config.yaml" in problem for problem in verdict.damaged)
    assert verdict.difference is not None


@pytest.mark.parametrize("flush", [True, False])
def test_what_became_of_denormal_numbers_is_recorded(tmp_path: Path, flush: bool) -> None:
    directory = run(tmp_path, f"train.flush_denormals={str(flush).lower()}")
    assert Manifest.read(directory).content["denormals"] == ("flushed" if flush else "kept")
    assert verify_run(directory).changes == []


def test_a_run_of_a_processor_that_cannot_flush_denormals_is_not_said_to_be_of_one_that_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("torch.set_flush_denormal", lambda _: False)
        directory = run(tmp_path)
    assert Manifest.read(directory).content["denormals"] == "kept"
    assert verify_run(directory).changes == ["denormals: kept then, flushed now"]


#: Of more elements than PyTorch leaves to one thread, as soon as the data is there.
LARGE = ["task.length=100", "train.batch_size=1000", "train.threads=2", "train.steps=1"]

TREATMENTS = """
import sys
from pathlib import Path
from small_runs import small_config
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.manifest import Manifest
for number, flush in enumerate(sys.argv[3:]):
    config = small_config(Path(sys.argv[1], str(number)), *sys.argv[2].split(), f"train.flush_denormals={flush}")
    print(Manifest.read(execute(prepare(config)).directory).content["denormals"])
"""


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        (["true", "true"], ["flushed", "flushed"]),
        (["true", "false"], ["flushed", "mixed"]),
        (["false", "true"], ["kept", "mixed"]),
    ],
)
def test_all_threads_flush_denormal_numbers_or_the_manifest_says_that_they_do_not(
    tmp_path: Path, asked: list[str], recorded: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TREATMENTS, str(tmp_path), " ".join(LARGE), *asked],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == recorded, done.stderr


@pytest.mark.parametrize("flush", [True, False])
def test_a_run_from_before_denormals_were_recorded_did_with_them_what_it_was_asked_to(
    tmp_path: Path, flush: bool
) -> None:
    directory = run(tmp_path, f"train.flush_denormals={str(flush).lower()}")
    manifest = directory / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["denormals"]
    manifest.write_text(json.dumps(content))
    assert verify_run(directory).changes == []

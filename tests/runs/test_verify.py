"""A run can be had again, and where it cannot, the first difference is named."""

from pathlib import Path

import pytest
from small_runs import only_run, small_config

from spectral_bench.errors import DataError, InputError
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.verify import verify
from spectral_bench.training.outcome import DivergedError


def run(results: Path, *overrides: str) -> Path:
    return execute(prepare(small_config(results, "train.checkpoint_every=5", *overrides))).directory


def files(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_run_is_the_same_from_its_previous_checkpoint_and_from_the_beginning(tmp_path: Path) -> None:
    directory = run(tmp_path)
    before = files(directory)
    part, whole = verify(directory), verify(directory, whole=True)
    assert (part.difference, whole.difference) == (None, None)
    assert (part.first_step, whole.first_step) == (10, 0)
    assert part.last_step == whole.last_step == 12
    assert 0 < part.compared < whole.compared
    assert files(directory) == before


def test_as_many_updates_as_asked_for_are_replayed(tmp_path: Path) -> None:
    directory = run(tmp_path)
    verdict = verify(directory, 6, whole=True)
    assert (verdict.difference, verdict.last_step) == (None, 6)
    with pytest.raises(InputError, match="nothing was recorded in the updates 10 to 11"):
        verify(directory, 1)


def test_the_first_number_that_differs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = run(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("torch.optim.Adam.step", lambda _: None)
        verdict = verify(directory, whole=True)
    assert verdict.difference is not None
    assert verdict.difference.startswith("singular value at step 4, layer 0")


def test_a_run_that_diverged_diverges_again(tmp_path: Path) -> None:
    explosion = ["optimizer=sgd", "optimizer.lr=1e30", "model.map=free"]
    with pytest.raises(DivergedError):
        run(tmp_path, *explosion)
    verdict = verify(only_run(tmp_path))
    assert verdict.difference is None
    assert verdict.compared > 0


def test_damaged_files_are_named(tmp_path: Path) -> None:
    directory = run(tmp_path)
    (directory / "checkpoint.previous.pt").write_bytes(b"")
    verdict = verify(directory)
    assert verdict.difference is None
    assert verdict.first_step == 0
    assert verdict.damaged[0].startswith(str(directory / "checkpoint.previous.pt"))
    table = directory / "metrics.csv"
    table.write_text(table.read_text().replace("0.", "0.1", 1))
    with pytest.raises(DataError, match=r"metrics\.csv"):
        verify(directory)


def test_a_configuration_that_was_edited_is_noticed(tmp_path: Path) -> None:
    directory = run(tmp_path)
    config = directory / "config.yaml"
    config.write_text(config.read_text().replace("beta1: 0.9", "beta1: 0.8"))
    verdict = verify(directory, whole=True)
    assert any("config.yaml" in problem for problem in verdict.damaged)
    assert verdict.difference is not None

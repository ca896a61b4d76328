import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectral_bench.cli.app import main

TINY = (
    "model.hidden_size=8",
    "task.length=6",
    "task.validation_size=20",
    "task.test_size=20",
    "train.batch_size=5",
    "train.steps=12",
    "train.evaluate_every=4",
    "train.checkpoint_every=6",
    "train.threads=1",
    "train.clip_norm=1",
    "optimizer.lr=0.01",
    "trace.every=3",
)
REFLECTORS = {"svdrnn": ("model.m1=3", "model.m2=3"), "ornn": ("model.m=3",)}

Run = Callable[..., subprocess.CompletedProcess[str]]


def train(results: Path, model: str, task: str, *overrides: str) -> Path:
    """Trains a moment through the command line, so with the real loop and writer; returns the run directory."""
    folder = results / task / model
    before = set(folder.glob("*"))
    chosen = (f"model={model}", f"task={task}", f"results_dir={results}")
    words = ["run", "-q", *chosen, *TINY, *REFLECTORS.get(model, ()), *overrides]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["spectral-bench", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0
    (directory,) = set(folder.glob("*")) - before
    return directory


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def shared_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy: rnn and svdrnn with three seeds, svdrnn at another radius with one. Addition: rnn and svdrnn, one seed."""
    results = tmp_path_factory.mktemp("shared") / "results"
    for seed in range(3):
        for model in ("rnn", "svdrnn"):
            train(results, model, "copy", f"seed={seed}")
    train(results, "svdrnn", "copy", "r=0.5")
    for model in ("rnn", "svdrnn"):
        train(results, model, "addition")
    return results


@pytest.fixture
def results(shared_results: Path, tmp_path: Path) -> Path:
    """The shared runs, to be damaged at will."""
    copy = tmp_path / "results"
    shutil.copytree(shared_results, copy)
    return copy


def edit(file: Path, **changes: Any) -> None:
    """Changes fields of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def runs_of(results: Path, task: str, model: str) -> list[Path]:
    return sorted((results / task / model).iterdir(), key=lambda path: path.name.partition("seed")[2])


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["spectral-bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return subprocess.CompletedProcess(arguments, code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def traced_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Addition, whose loss counts the last step alone: rnn, lstm, and svdrnn with two seeds; svdrnn of two layers."""
    results = tmp_path_factory.mktemp("traced") / "results"
    train(results, "rnn", "addition")
    train(results, "lstm", "addition")
    for seed in range(2):
        train(results, "svdrnn", "addition", f"seed={seed}", "r=0.1")
    train(results, "svdrnn", "addition", "model.num_layers=2", "r=0.1")
    return results

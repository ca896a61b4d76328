import shutil
from pathlib import Path

import pytest
from run_directories import train


@pytest.fixture(autouse=True)
def _own_cache(own_cache: None) -> None:
    """Every test of this room."""


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

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from spectral_bench.config.load import Loaded, load
from spectral_bench.nn.build import LAYERS
from spectral_bench.runs.execute import Prepared, prepare
from spectral_bench.tasks import TASKS

SMALL = [
    "model.hidden_size=8",
    "task.length=6",
    "task.validation_size=20",
    "task.test_size=20",
    "train.batch_size=5",
    "train.steps=12",
    "train.evaluate_every=5",
    "trace.every=4",
]


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Loaded]:
    """The configuration of a training that takes a moment; later overrides win."""

    def configure(*overrides: str) -> Loaded:
        reflectors = [] if any(o.startswith("model=") and o != "model=svdrnn" for o in overrides) else REFLECTORS
        folder = f"results_dir={tmp_path / 'results'}"
        return load([*overrides[:2], *SMALL, *reflectors, folder, *overrides[2:]], models=LAYERS, tasks=TASKS)

    return configure


REFLECTORS = ["model.m1=3", "model.m2=3"]


@pytest.fixture
def prepared(small: Callable[..., Loaded]) -> Callable[..., Prepared]:
    def build(*overrides: str) -> Prepared:
        return prepare(small(*overrides))

    return build


@pytest.fixture(autouse=True)
def _fresh_generator() -> None:
    torch.manual_seed(0)

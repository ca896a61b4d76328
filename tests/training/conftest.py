from collections.abc import Callable
from pathlib import Path

import pytest

from spectral_bench.config.load import Loaded, load
from spectral_bench.nn.layer_kinds import LAYERS
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
    """The configuration of a training that takes a moment; overrides given win."""

    def configure(*overrides: str, model: str = "svdrnn", task: str = "copy") -> Loaded:
        reflectors = {"svdrnn": ["model.m1=3", "model.m2=3"], "ornn": ["model.m=3"]}.get(model, [])
        own = [f"results_dir={tmp_path / 'results'}", f"model={model}", f"task={task}"]
        return load([*own, *SMALL, *reflectors, *overrides], models=LAYERS, tasks=TASKS)

    return configure


@pytest.fixture
def prepared(small: Callable[..., Loaded]) -> Callable[..., Prepared]:
    """A training that is ready to start."""

    def build(*overrides: str, model: str = "svdrnn", task: str = "copy") -> Prepared:
        return prepare(small(*overrides, model=model, task=task))

    return build

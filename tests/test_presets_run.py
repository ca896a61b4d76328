"""Every preset is a training that runs."""

from pathlib import Path

import pytest

from spectral_bench.config.catalog import options
from spectral_bench.config.load import load
from spectral_bench.nn.layer_kinds import LAYERS
from spectral_bench.runs.execute import prepare
from spectral_bench.tasks import TASKS


@pytest.mark.parametrize("preset", options("experiment"))
def test_the_preset_composes_and_makes_an_update(preset: str, request: pytest.FixtureRequest) -> None:
    loaded = load([f"experiment={preset}"], models=LAYERS, tasks=TASKS)
    if loaded.experiment.task.name in ("mnist", "ptb", "ucr"):
        data: Path = request.getfixturevalue("real_data")
        loaded = load([f"experiment={preset}", f"data_dir={data}"], models=LAYERS, tasks=TASKS)
    ready = prepare(loaded.experiment)
    before = [parameter.detach().clone() for parameter in ready.model.parameters()]
    ready.trainer.update()
    assert any((a != b).any() for a, b in zip(before, ready.model.parameters(), strict=True))

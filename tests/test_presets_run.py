"""Every preset is a training that runs."""

from pathlib import Path

import pytest

from spectral_bench.config.catalog import options
from spectral_bench.config.load import load
from spectral_bench.runs.execute import prepare
from spectral_bench.runs.kinds import KINDS


@pytest.mark.parametrize("preset", options("experiment"))
def test_the_preset_composes_and_makes_an_update(preset: str, request: pytest.FixtureRequest) -> None:
    loaded = load([f"experiment={preset}"], KINDS)
    if loaded.experiment.task.name in ("mnist", "ptb", "ucr"):
        data: Path = request.getfixturevalue("real_data")
        loaded = load([f"experiment={preset}", f"data_dir={data}"], KINDS)
    ready = prepare(loaded.experiment)
    before = [parameter.detach().clone() for parameter in ready.model.parameters()]
    ready.trainer.update()
    assert any((a != b).any() for a, b in zip(before, ready.model.parameters(), strict=True))

"""How often a training is measured and traced where that is left to the tool."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_runs import small_config

from spectral_bench.config.load import digest, load
from spectral_bench.runs.kinds import KINDS
from spectral_bench.training.length import measuring_interval, tracing_interval


@pytest.mark.parametrize(
    ("steps", "measured", "traced"), [(7, 1, 1), (30, 1, 1), (100, 5, 5), (1000, 50, 50), (5000, 250, 100)]
)
def test_a_short_training_has_twenty_points_of_each(tmp_path: Path, steps: int, measured: int, traced: int) -> None:
    config = small_config(tmp_path, f"train.steps={steps}", "train.evaluate_every=null", "trace.every=null")
    assert (measuring_interval(config, None), tracing_interval(config, None)) == (measured, traced)
    assert steps // measured >= min(20, steps)
    assert steps // traced >= min(20, steps)


@pytest.mark.parametrize(("epochs", "measured"), [(1, 21), (3, 64), (20, 430), (100, 430)])
def test_few_epochs_are_measured_more_often_than_once_each(tmp_path: Path, epochs: int, measured: int) -> None:
    config = small_config(tmp_path, "train.steps=null", f"train.epochs={epochs}", "train.evaluate_every=null")
    assert measuring_interval(config, 430) == measured


def test_what_is_typed_stays(tmp_path: Path) -> None:
    config = small_config(tmp_path, "train.steps=100", "train.evaluate_every=70", "trace.every=90")
    assert (measuring_interval(config, None), tracing_interval(config, None)) == (70, 90)
    fewer = small_config(tmp_path, "train.steps=100", "train.evaluate_every=null", "train.evaluations=4")
    assert measuring_interval(fewer, None) == 25


def test_a_run_of_an_earlier_version_is_measured_as_it_was(tmp_path: Path) -> None:
    config = small_config(tmp_path, "train.evaluate_every=null", "train.evaluations=0", "train.steps=30")
    assert measuring_interval(config, None) == 2  # twenty times at most
    epochs = replace(config, train=replace(config.train, steps=None, epochs=3))
    assert measuring_interval(epochs, 430) == 430


def test_the_digest_of_what_was_set_explicitly_is_that_of_earlier_versions(tmp_path: Path) -> None:
    now, before = (small_config(tmp_path, f"train.evaluations={number}") for number in (20, 0))
    assert digest(now) == digest(before)
    assert "train.evaluations" in now.ineffective()


@pytest.mark.parametrize("preset", ["copy_1000", "addition_100", "scornn_copy"])
def test_presets_on_generated_data_are_measured_as_they_always_were(preset: str) -> None:
    config = load([f"experiment={preset}"], KINDS).experiment
    assert measuring_interval(config, None) == (250 if config.task.name == "addition" else 50)
    assert tracing_interval(config, None) == 100


def test_a_number_that_would_be_ignored_is_said() -> None:
    warnings = load(["train.evaluations=30", "train.evaluate_every=10"], KINDS).warnings
    assert warnings == ["train.evaluations=30 has no effect: train.evaluate_every=10 says how often."]

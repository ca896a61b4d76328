"""Every file of conf/: that it says what it is for, composes, and fits the models and tasks there are."""

from functools import cache
from pathlib import Path

import pytest

from spectral_bench.config.catalog import conf_dir, description, options
from spectral_bench.config.compose import compose
from spectral_bench.config.load import Loaded, load
from spectral_bench.runs.kinds import KINDS

MODELS = list(options("model"))
PRESETS = list(options("experiment"))


@cache
def loaded(preset: str, model: str) -> Loaded:
    return load([f"experiment={preset}", f"model={model}"], KINDS)


def files() -> list[Path]:
    return sorted(file for file in conf_dir().rglob("*.yaml") if file.parent != conf_dir())


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(conf_dir())))
def test_file_says_what_it_is_for(file: Path) -> None:
    assert len(description(file)) > 15


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_is_a_valid_configuration(preset: str) -> None:
    load([f"experiment={preset}"], KINDS)


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_names_its_source(preset: str) -> None:
    assert "# Source: " in options("experiment")[preset].read_text()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("preset", PRESETS)
def test_preset_can_be_run_with_every_model(preset: str, model: str) -> None:
    assert loaded(preset, model).experiment.model.name == model


@pytest.mark.parametrize("task", list(options("task")))
@pytest.mark.parametrize("model", MODELS)
def test_model_and_task_make_a_valid_configuration(model: str, task: str) -> None:
    loaded = load([f"model={model}", f"task={task}"], KINDS)
    assert loaded.experiment.model.name == model
    assert loaded.experiment.task.name == task


@pytest.mark.parametrize("optimizer", list(options("optimizer")))
def test_optimizer_is_a_valid_configuration(optimizer: str) -> None:
    assert load([f"optimizer={optimizer}"], KINDS).experiment.optimizer.name == optimizer


def test_every_recipe_is_used() -> None:
    used = {
        compose([f"task={task}", f"model={model}"]).choices["recipe"].option
        for task in options("task")
        for model in MODELS
    }
    used |= {loaded(preset, model).composition.choices["recipe"].option for preset in PRESETS for model in MODELS}
    assert {*options("recipe")} - {"none"} <= used


def test_presets_hold_the_protocols_of_the_papers() -> None:
    def of(preset: str) -> tuple:
        experiment = load([f"experiment={preset}"], KINDS).experiment
        model = experiment.model
        return experiment.task.name, model.name, model.hidden_size, getattr(model, "m1", None), experiment.r

    assert of("pixel_mnist") == ("mnist", "svdrnn", 128, 16, 0.01)
    assert of("permuted_mnist") == ("mnist", "svdrnn", 128, 16, 0.01)
    assert of("addition_100") == ("addition", "svdrnn", 128, 16, 0.01)
    assert of("ucr") == ("ucr", "svdrnn", 32, 8, 0.01)
    assert of("vorontsov_copy") == ("copy", "svdrnn", 128, 128, 0.01)
    for length in (100, 200, 500, 1000):
        assert of(f"copy_{length}")[:3] == ("copy", "svdrnn", 128)
        assert compose([f"experiment=copy_{length}"]).config["task"]["length"] == length
    for layers in (1, 2):
        assert compose([f"experiment=ptb_{layers}layer"]).config["model"]["num_layers"] == layers

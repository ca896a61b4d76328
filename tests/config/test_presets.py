"""Every file of conf/: that it says what it is for, composes, and fits the models and tasks there are."""

import json
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from small_runs import engine

from spectral_bench.config.catalog import conf_dir, description, options
from spectral_bench.config.compose import compose
from spectral_bench.config.load import Loaded, digest, experiment_config, load
from spectral_bench.errors import InputError
from spectral_bench.nn import Signature, build_model
from spectral_bench.runs.kinds import KINDS
from spectral_bench.runs.migration import upgraded_config

MODELS = list(options("model"))
PRESETS = list(options("experiment"))


@cache
def loaded(preset: str, model: str) -> Loaded:
    return load([f"experiment={preset}", f"model={model}"], KINDS, engine=engine())


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
    # A preset may set what not all networks have: several recurrent layers, an initial state that is trained.
    own = yaml.safe_load(options("experiment")[preset].read_text(encoding="utf-8")).get("model", {})
    asked = {"learn_h0": own.get("learn_h0", False), "num_layers": own.get("num_layers", 1) > 1}
    config = load([f"model={model}"], KINDS, engine=engine()).experiment.model
    if any(wanted and not hasattr(config, key) for key, wanted in asked.items()):
        with pytest.raises(InputError, match=r"'model\.(num_layers|learn_h0)'"):
            loaded(preset, model)
    else:
        assert loaded(preset, model).experiment.model.name == model


@pytest.mark.parametrize("task", list(options("task")))
@pytest.mark.parametrize("model", MODELS)
def test_model_and_task_make_a_valid_configuration(model: str, task: str) -> None:
    found = load([f"model={model}", f"task={task}"], KINDS, engine=engine())
    assert found.experiment.model.name == model
    assert found.experiment.task.name == task


@pytest.mark.parametrize("optimizer", list(options("optimizer")))
def test_optimizer_is_a_valid_configuration(optimizer: str) -> None:
    assert load([f"optimizer={optimizer}"], KINDS).experiment.optimizer.name == optimizer


def test_every_recipe_is_used() -> None:
    used = {
        compose([f"task={task}", f"model={model}"], engine=engine()).choices["recipe"].option
        for task in options("task")
        for model in MODELS
    }
    for preset, model in product(PRESETS, MODELS):
        with suppress(InputError):
            used.add(loaded(preset, model).composition.choices["recipe"].option)
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
    assert of("vorontsov_copy") == ("copy", "factorized", 128, None, 0.01)
    assert of("exprnn_copy")[:3] == ("copy", "exprnn", 190)
    assert of("scornn_copy")[:3] == ("copy", "cayley", 190)
    for preset in ("exprnn_copy", "exprnn_mnist", "exprnn_permuted_mnist", "scornn_copy", "scornn_addition"):
        assert load([f"experiment={preset}"], KINDS).experiment.optimizer.orthogonal_lr_scale == 0.1
    for length in (100, 200, 500, 1000):
        assert of(f"copy_{length}")[:3] == ("copy", "svdrnn", 128)
        assert compose([f"experiment=copy_{length}"]).config["task"]["length"] == length
    for layers in (1, 2):
        assert compose([f"experiment=ptb_{layers}layer"]).config["model"]["num_layers"] == layers


@pytest.mark.parametrize("sigma_map", ["free", "fixed", "clip"])
@pytest.mark.parametrize("model_name", ["factorized", "svdrnn"])
@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset.startswith("vorontsov_")])
def test_the_margin_study_can_be_run_with_every_map(preset: str, model_name: str, sigma_map: str) -> None:
    chosen = (f"experiment={preset}", f"model={model_name}", f"model.map={sigma_map}")
    found = load([*chosen, "model.hidden_size=6"], KINDS)
    assert found.warnings == []  # nothing that was typed is idle
    assert "model.rescale_sigma_lr" in found.experiment.ineffective()
    model = build_model(found.experiment.model, Signature(1, 9, length=5, every_step=True))
    model(torch.randn(5, 2, 1))[0].sum().backward()
    off = load([*chosen, "model.rescale_sigma_lr=false"], KINDS)
    on = load(chosen, KINDS)
    assert digest(on.experiment) == digest(off.experiment)


@pytest.mark.parametrize(
    ("typed", "idle"),
    [
        (("model.map=free", "model.rescale_sigma_lr=true"), "model.rescale_sigma_lr=true"),
        (("model.map=clip", "model.penalty=0.1"), "model.penalty=0.1"),
        (("model.map=fixed", "r=0.3"), "r=0.3"),
        (("model.map=free", "model.rescale_sigma_lr=false"), None),
        (("model.map=free", "model.penalty=0.1"), None),
        (("model.map=sigmoid", "model.rescale_sigma_lr=true"), None),
        (("model=rnn", "model.leak=0.1"), "model.leak=0.1"),
        (("model=rnn", "model.leak=0.1", "model.activation=leaky_relu"), None),
        (("model=mlp", "task=mnist", "model.leak=0.1", "model.activation=relu"), "model.leak=0.1"),
        (("model=mlp", "task=mnist", "model.leak=0.1"), None),
    ],
)
def test_an_option_that_means_nothing_beside_the_others_draws_a_warning(
    typed: tuple[str, ...], idle: str | None
) -> None:
    found = load(typed, KINDS)
    assert [warning.partition(" has no effect")[0] for warning in found.warnings] == ([] if idle is None else [idle])


def test_configurations_that_differ_in_what_is_idle_have_one_digest() -> None:
    def of(*overrides: str) -> str:
        return digest(load(overrides, KINDS).experiment)

    for sigma_map in ("free", "clip", "fixed"):
        assert of(f"model.map={sigma_map}") == of(f"model.map={sigma_map}", "model.rescale_sigma_lr=true")
    assert of() == of("model.penalty=0.1")
    assert of() != of("model.rescale_sigma_lr=true")
    assert of("model.map=free") != of("model.map=free", "model.penalty=0.1")


def shipped_runs() -> list[Path]:
    return sorted(path.parent for path in (Path(__file__).parents[2] / "results").glob("*/*/*/manifest.json"))


def test_the_shipped_runs_keep_their_digests() -> None:
    assert len(shipped_runs()) >= 30
    for run in shipped_runs():
        experiment = experiment_config(upgraded_config(yaml.safe_load((run / "config.yaml").read_text())), KINDS)
        assert digest(experiment) == json.loads((run / "manifest.json").read_text())["config_digest"], run.name


def test_presets_start_as_the_released_code_does() -> None:
    def of(preset: str, *overrides: str) -> Any:
        return load([f"experiment={preset}", *overrides], KINDS).experiment

    for preset, rho in (("scornn_copy", None), ("scornn_addition", None), ("scornn_mnist", 17)):
        model = of(preset).model
        assert (model.start, model.input_start, model.input_scale) == ("cayley", "uniform", 0.01)
        assert (model.rho, model.input_bias) == (rho, False)
    for preset, start in (("exprnn_copy", "henaff"), ("exprnn_mnist", "cayley"), ("exprnn_permuted_mnist", "cayley")):
        exprnn = of(preset)
        assert exprnn.optimizer.alpha == 0.99
        assert (exprnn.model.start, exprnn.model.input_start, exprnn.model.input_bias) == (start, "kaiming", False)
    beside = of("exprnn_copy", "model=ornn").model
    assert beside.input_scale**2 == pytest.approx(2 / 10, rel=0.01)  # Kaiming's, of ten inputs
    for preset in ("vorontsov_copy", "vorontsov_mnist", "vorontsov_permuted_mnist"):
        assert (of(preset).model.input_start, of(preset).model.input_scale) == ("uniform", 0.01)

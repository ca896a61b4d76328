"""What wins over what, and where each value is said to come from."""

import re
from pathlib import Path

import pytest

from spectral_bench.config.compose import compose
from spectral_bench.config.engine import Engine
from spectral_bench.config.grid_points import expand_grid
from spectral_bench.config.origins import Choice
from spectral_bench.errors import InputError
from tests.config.conftest import write

TOY = ["model=toy", "task=toy"]


def test_later_layers_win(own: Path) -> None:
    def lr(*overrides: str) -> float:
        return compose(overrides, own).config["optimizer"]["lr"]

    assert lr("model=toy", "task=toy") == 0.5  # the task over the optimizer's file
    assert lr("model=round", "task=toy") == 0.25  # the recipe over the task
    write(own / "experiment/fast.yaml", "# @package _global_\noptimizer:\n  lr: 0.125")
    assert lr("model=round", "task=toy", "experiment=fast") == 0.125  # a preset over the recipe
    assert lr("model=round", "task=toy", "experiment=fast", "optimizer.lr=2") == 2  # the command line over all


def test_recipe_follows_the_model_and_task_that_a_preset_chooses(own: Path) -> None:
    config = compose(["experiment=toy_preset"], own).config
    assert config["optimizer"]["lr"] == 0.25
    assert config["model"]["reflectors"] == 3


def test_command_line_replaces_the_model_of_a_preset_and_with_it_the_recipe(own: Path) -> None:
    write(own / "experiment/any.yaml", "# @package _global_\ndefaults:\n  - override /model: round\n  - _self_\nr: 3")
    config = compose(["experiment=any", "model=toy", "task=toy"], own).config
    assert config["model"]["name"] == "toy"
    assert config["optimizer"]["lr"] == 0.5
    assert config["r"] == 3


def test_recipe_can_be_declined_by_a_preset_and_on_the_command_line(own: Path) -> None:
    assert compose(["experiment=plain"], own).config["optimizer"]["lr"] == 0.5
    assert compose(["model=round", "task=toy", "recipe=none"], own).config["optimizer"]["lr"] == 0.5


def test_origins_name_the_file_that_had_the_last_word(own: Path) -> None:
    origins = compose(["experiment=toy_preset", "model.hidden_size=9"], own).origins
    assert origins["r"] == "config"
    assert origins["train.steps"] == "task/toy"
    assert origins["optimizer.lr"] == "recipe/toy/round"
    assert origins["model.reflectors"] == "experiment/toy_preset"
    assert origins["model.dropout"] == "model/round"
    assert origins["model.hidden_size"] == "command line"


def test_every_value_has_an_origin(own: Path) -> None:
    composition = compose(["experiment=toy_preset", "train={steps: 3}"], own)
    assert composition.origins["train.steps"] == "command line"
    assert composition.origins["train.epochs"] == "config"
    leaves = {
        f"{node}.{key}" for node in ("model", "task", "optimizer", "train", "trace") for key in composition.config[node]
    }
    assert leaves < set(composition.origins)


def test_choices_say_who_chose(own: Path) -> None:
    choices = compose(["experiment=toy_preset", "model=toy"], own).choices
    assert choices["model"] == Choice("toy", "command line")
    assert choices["task"] == Choice("toy", "experiment/toy_preset")
    assert choices["optimizer"] == Choice("adam", "default")
    assert choices["recipe"] == Choice(None, "default")  # there is none for this model and task


def test_interpolations_are_resolved(own: Path) -> None:
    assert compose([*TOY, "train.steps=${task.length}"], own).config["train"]["steps"] == 10


def test_composing_twice_gives_the_same(own: Path) -> None:
    assert compose(TOY, own) == compose(TOY, own)


def test_config_dir_with_odd_characters_in_its_path(tmp_path: Path, own: Path) -> None:
    odd = tmp_path / "it's [a] {folder}, ünïcode"
    own.rename(odd)
    assert compose(TOY, odd).config["task"]["length"] == 10


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model=toyy", "Unknown model 'toyy'. Did you mean 'toy'?"),
        ("task=toi", "Unknown task 'toi'. Did you mean 'toy'?"),
        ("optimizer=addam", "Unknown optimizer 'addam'. Did you mean 'adam'? Valid: adam, rmsprop, sgd."),
        ("experiment=toy_pre", "Unknown preset 'toy_pre'. Did you mean 'toy_preset'?"),
        ("recipe=toy/rund", "Unknown recipe 'toy/rund'. Did you mean 'toy/round'?"),
        ("model=null", "Unknown model 'null'."),
        ("model=[toy,round]", "Unknown model '['toy', 'round']'."),
        ("model=../optimizer/adam", "Unknown model '../optimizer/adam'."),
        ("modle=toy", "Unknown key 'modle'. Did you mean 'model'?"),
        ("model.hiden_size=3", "Unknown key 'model.hiden_size'. Did you mean 'model.hidden_size'?"),
        ("lr=3", "Unknown key 'lr'. Did you mean 'optimizer.lr'?"),
        ("train={stepps: 4}", "Unknown key 'train.stepps'. Did you mean 'train.steps'?"),
        ("r.x=1", "Unknown key 'r.x'. Did you mean 'r'?"),
        ("+extra=1", "'+extra=1': keys can be set, not added"),
        ("++extra=1", "'++extra=1': keys can be set, not added"),
        ("~recipe", "'~recipe': keys can be set, not added"),
        ("hydra.searchpath=[pkg://os]", "'hydra.searchpath=[pkg://os]': Hydra itself is not configured here."),
        ("hydra/launcher=basic", "Hydra itself is not configured here."),
        ("model@train=toy", "Hydra itself is not configured here."),
        ("seed=1,2", "'seed=1,2' is a grid: add -m"),
        ("seed=range(3)", "is a grid: add -m"),
        ("model", "'model': expected KEY=VALUE"),
        ("", "'': expected KEY=VALUE"),
        ("train.steps=[1", "'train.steps=[1': expected KEY=VALUE"),
        ("svdrnn:r=0.1", "'svdrnn:r=0.1': a key for one model alone is of a grid: add -m"),
        ("r=${nothing}", "Interpolation key 'nothing' not found."),
        ("r=???", "r has no value; set it with r=VALUE."),
    ],
)
def test_wrong_override_is_answered_in_one_line(own: Path, override: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        compose([*TOY, override], own)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message


def test_key_of_another_model_is_unknown(own: Path) -> None:
    write(own / "model/small.yaml", "# small\nname: small\nlayer: toy")
    with pytest.raises(InputError, match=r"Unknown key 'model.hidden_size'.*Valid: model.layer, model.name"):
        compose(["model=small", "task=toy", "model.hidden_size=3"], own)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [unclosed", r"broken.yaml, line 1: not valid yaml"),
        ("defaults:\n  - /model/nowhere", "nowhere"),
        ("defaults: 3", "broken"),
        ("hidden_size: ${oc.env:SURELY_NOT_SET}", "SURELY_NOT_SET"),
    ],
)
def test_wrong_file_of_the_user_is_named(own: Path, text: str, said: str) -> None:
    (own / "model/broken.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        compose(["model=broken", "task=toy"], own)


def test_file_that_is_not_text_is_refused(own: Path) -> None:
    (own / "model/broken.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(InputError):
        compose(["model=broken", "task=toy"], own)


def test_config_dir_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        compose([], tmp_path / "nowhere")


def test_file_that_would_be_hidden_by_one_of_the_project_is_refused_when_it_is_chosen(own: Path) -> None:
    write(own / "optimizer/adam.yaml", "name: adam")
    with pytest.raises(InputError, match=r"optimizer=adam is two files: .*own.optimizer.adam\.yaml\. "):
        compose(TOY, own)


def test_grid_is_expanded_in_the_order_typed() -> None:
    assert expand_grid(["model=rnn,svdrnn", "seed=range(1,3)", "r=0.1"]) == [
        ["model=rnn", "seed=1", "r=0.1"],
        ["model=rnn", "seed=2", "r=0.1"],
        ["model=svdrnn", "seed=1", "r=0.1"],
        ["model=svdrnn", "seed=2", "r=0.1"],
    ]


def test_grid_can_choose_options_by_pattern(own: Path) -> None:
    assert expand_grid(["model=glob([to*,ro*])", "seed=1"], own) == [["model=round", "seed=1"], ["model=toy", "seed=1"]]


@pytest.mark.parametrize(
    "override", ["seed=interval(0,1)", "model", "+seed=1,2", "hydra.job.name=a,b", "seed=range(0,1000000000)"]
)
def test_grid_that_cannot_be_expanded_is_refused(override: str) -> None:
    with pytest.raises(InputError):
        expand_grid([override])


@pytest.mark.parametrize(
    "override", ["model=glob(svdrn_*)", "seed=range(5,1)", "seed=range(3,3)", "seed=range(1,5,0)", "seed=range(nan,1)"]
)
def test_a_grid_without_points_is_refused_by_the_override_that_has_no_values(override):
    with pytest.raises(InputError, match=re.escape(f"'{override}'")):
        expand_grid(["r=0.1,0.2", override])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("str(123)", ["123"]),
        ("str(1,2)", ["1", "2"]),
        ("choice('1e2','x')", ["1e2", "x"]),
        ("str(true),x", ["true", "x"]),
        ("'1','it\\'s'", ["1", "it's"]),
        ("1,null", [1, None]),
        ("int('3'),4", [3, 4]),
    ],
)
def test_a_value_is_in_a_grid_what_it_is_alone(value, expected):
    points = expand_grid(["task=ucr", f"task.dataset={value}"])
    assert [compose(point).config["task"]["dataset"] for point in points] == expected


def test_no_composition_of_an_engine_is_seen_in_the_next() -> None:
    points = [["task=copy", f"model={model}"] for model in ("rnn", "svdrnn", "lstm", "ornn", "rnn")]
    points += [["experiment=pixel_mnist", "model=ornn"], ["task=copy", "model=svdrnn", "train.steps=7"], ["task=copy"]]
    points += [["model=svdrnn", "task=copy", "r=0.3", "train={steps:3,batch_size:2}"], ["task=copy", "model=svdrnn"]]
    engine = Engine(None)
    assert [compose(point, engine=engine).config for point in points] == [compose(point).config for point in points]

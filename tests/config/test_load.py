"""From overrides to typed objects, and what is refused on the way."""

from pathlib import Path
from typing import Any

import pytest

from spectral_bench.config.data_folder import DATA_VARIABLE
from spectral_bench.config.load import Loaded, digest, experiment_config, load, resolved
from spectral_bench.errors import InputError
from tests.config.conftest import KINDS, RoundLayer, Start, ToyTask, write


def loaded(own: Path, *overrides: str) -> Loaded:
    return load(["model=toy", "task=toy", *overrides], KINDS, config_dir=own)


def test_nodes_become_the_dataclasses_their_names_stand_for(own: Path) -> None:
    experiment = loaded(own, "model=round", "optimizer=sgd").experiment
    assert isinstance(experiment.model, RoundLayer.Config)
    assert isinstance(experiment.task, ToyTask.Config)
    assert type(experiment.optimizer).__name__ == "SGDConfig"
    assert experiment.model.start is Start.IDENTITY
    assert experiment.task.sizes == [1, 2]


def test_whole_number_is_a_float_where_a_float_is_wanted(own: Path) -> None:
    dropout = loaded(own).experiment.model.dropout
    assert isinstance(dropout, float)
    assert dropout == 0


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.hidden_size=abc", "model.hidden_size=abc: expected a whole number."),
        ("model.hidden_size=8.5", "model.hidden_size=8.5: expected a whole number."),
        ("model.hidden_size=true", "model.hidden_size=true: expected a whole number."),
        ("model.hidden_size=null", "model.hidden_size=null: expected a whole number."),
        ("model.hidden_size='8'", "model.hidden_size=8: expected a whole number, not text"),
        ("model.dropout=false", "model.dropout=false: expected a number."),
        ("model.dropout=nan", "model.dropout=nan: expected a number, and a finite one."),
        ("model.dropout=-inf", "model.dropout=-inf: expected a number, and a finite one."),
        (f"model.dropout=1{'0' * 400}", "expected a number, and a finite one."),
        (f"seed=1{'0' * 5000}", "expected KEY=VALUE"),
        (f"model={'a' * 5000}", "Unknown model 'aaaa"),
        ("model.reflectors=many", "model.reflectors=many: expected a whole number or null."),
        ("model.start=identty", "Unknown model.start 'identty'. Did you mean 'identity'? Valid: identity, random."),
        ("model.start=3", "model.start=3: expected one of random, identity."),
        ("model.start={a: 1}", "model.start={'a': 1}: expected one of random, identity."),
        ("task.sizes=3", "task.sizes=3: expected a list."),
        ("task.sizes=[1,b]", "task.sizes[1]=b: expected a whole number."),
        ("task.length=0", "task: length=0: expected at least 1"),
        ("model.layer=toi", "Unknown model.layer 'toi'. Did you mean 'toy'?"),
        ("model.layer=null", "model.layer has no value: expected one of round, toy."),
        ("task.name=3", "Unknown task.name '3'."),
        ("optimizer.name=adagrad", "Unknown optimizer.name 'adagrad'. Did you mean 'adam'?"),
        ("optimizer.lr=0", "optimizer.lr=0.0: expected more than 0."),
        ("optimizer.lr_decay=1.5", "optimizer.lr_decay=1.5: expected more than 0 and at most 1"),
        ("optimizer.weight_decay=-1", "optimizer.weight_decay=-1.0: expected at least 0."),
        ("optimizer.beta1=1", "optimizer.beta1=1.0: expected at least 0 and less than 1."),
        ("optimizer.eps=0", "optimizer.eps=0.0: expected more than 0."),
        ("train.steps=null", "train.steps and train.epochs are both null"),
        ("train.steps=0", "train.steps=0: expected at least 1."),
        ("train.batch_size=-3", "train.batch_size=-3: expected at least 1."),
        ("train.clip_norm=0", "train.clip_norm=0.0: expected more than 0"),
        ("train.patience=0", "train.patience=0: expected at least 1."),
        ("train=3", "train=3: expected a group of keys."),
        ("train=null", "train=null: expected a group of keys."),
        ("trace.every=0", "trace.every=0: expected at least 1."),
        ("trace.gradients=1", "trace.gradients=1: expected true or false."),
        ("r=-0.5", "r=-0.5: expected at least 0"),
        ("seed=-1", "seed=-1: expected a whole number from 0 to 4294967295."),
        ("seed=1.5", "seed=1.5: expected a whole number."),
        ("device=null", "device=null: expected text."),
        ("device=3", "device=3: expected text; quote it"),
        ("data_dir=3", "data_dir=3: expected a path."),
    ],
)
def test_wrong_value_is_answered_in_one_line(own: Path, override: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded(own, override)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert len(message) < 500


def test_unknown_key_of_a_file_is_refused_with_the_file(own: Path) -> None:
    write(own / "experiment/wrong.yaml", "# @package _global_\nmodel:\n  reflector: 3")
    with pytest.raises(
        InputError, match=r"Unknown key 'model.reflector'. Did you mean 'model.reflectors'\?.*experiment/wrong"
    ):
        loaded(own, "experiment=wrong")


def test_unknown_root_key_of_a_file_is_refused(own: Path) -> None:
    write(own / "experiment/wrong.yaml", "# @package _global_\n_target_: os.system")
    with pytest.raises(InputError, match="Unknown key '_target_'"):
        loaded(own, "experiment=wrong")


def test_missing_key_is_named(own: Path) -> None:
    write(own / "model/short.yaml", "# short\nname: short\nlayer: toy\nhidden_size: 3")
    with pytest.raises(InputError, match=r"model.dropout has no value; set it in model/short.yaml"):
        loaded(own, "model=short")


def test_file_that_is_a_list_is_refused(own: Path) -> None:
    write(own / "model/broken.yaml", "- a\n- b")
    with pytest.raises(InputError, match="model"):
        loaded(own, "model=broken")


def test_radius_typed_for_a_model_without_one_draws_a_warning(own: Path) -> None:
    assert loaded(own, "r=0.1").warnings == ["r=0.1 has no effect: model 'toy' has no sigma radius."]
    assert loaded(own, "r=0.1", "model=round").warnings == []
    assert loaded(own).warnings == []
    assert loaded(own, "experiment=plain", "model=toy").warnings == []  # nobody typed it


def test_data_dir_is_as_configured_else_by_environment_else_the_users(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "/from/environment")
    assert loaded(own, "data_dir=/typed").experiment.data_dir == Path("/typed")
    assert loaded(own).experiment.data_dir == Path("/from/environment")
    monkeypatch.delenv(DATA_VARIABLE)
    assert loaded(own).experiment.data_dir.name == "spectral-bench"
    assert loaded(own, "data_dir='~/sets'").experiment.data_dir == Path.home() / "sets"


def test_resolved_configuration_is_plain_and_reads_back(own: Path) -> None:
    experiment = loaded(own, "experiment=toy_preset", "data_dir=/sets").experiment
    plain = resolved(experiment)
    assert plain["model"]["start"] == "random"
    assert plain["data_dir"] == "/sets"
    assert experiment_config(plain, KINDS) == experiment


def test_a_folder_below_home_is_saved_without_the_name_of_its_owner(own: Path) -> None:
    experiment = loaded(own, "data_dir='~/sets'").experiment
    assert resolved(experiment)["data_dir"] == "~/sets"
    assert experiment_config(resolved(experiment), KINDS) == experiment


def test_digest_ignores_seed_and_folders_and_nothing_else(own: Path) -> None:
    def of(*overrides: str, model: str = "round") -> str:
        return digest(loaded(own, f"model={model}", *overrides).experiment)

    assert of("seed=1", "data_dir=/a", "results_dir=/b") == of("seed=2", "data_dir=/c", "results_dir=/d")
    others: list[dict[str, Any]] = [
        of(o) for o in ("model.hidden_size=9", "train.steps=9", "optimizer.lr=9", "r=9", "task.length=9")
    ]
    assert len({of(), *others}) == 6
    assert of("r=0.1", model="toy") == of("r=0.2", model="toy")


def test_the_radius_is_set_at_the_root_alone(own: Path) -> None:
    with pytest.raises(InputError, match=r"model\.r=0\.3: .*write r=VALUE"):
        loaded(own, "model=round", "model.r=0.3")
    assert loaded(own, "model=round", "r=0.3").experiment.model.r == 0.3


def test_a_radius_of_the_models_own_leaves_that_of_the_root_without_effect(own: Path) -> None:
    write(own / "model/narrow.yaml", (own / "model/round.yaml").read_text().replace("r: ${r}", "r: 0.2"))
    found = loaded(own, "model=narrow", "r=0.3")
    assert found.experiment.model.r == 0.2
    assert "r=0.3 has no effect" in found.warnings[0]
    assert digest(found.experiment) == digest(loaded(own, "model=narrow", "r=0.4").experiment)

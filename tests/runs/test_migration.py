"""Runs that earlier versions wrote are read, resumed and verified like new ones."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import exit_code
from small_runs import numbers, only_run, small_config, small_overrides

import spectral_bench
from spectral_bench.errors import DataError
from spectral_bench.runs import migration
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.layout import FORMAT
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.saved_run import read_saved_run

ROOT = Path(__file__).parents[2]

SVD = {
    "model.layer": "svd",
    "model.map": "sigmoid",
    "model.centre": 1.0,
    "model.activation": "leaky_relu",
    "model.leak": 0.5,
    "model.num_layers": 2,
    "task.name": "copy",
    "r": 0.1,
}


def nested(keys: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for key, value in keys.items():
        node = config
        *path, last = key.split(".")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return config


def upgraded(**changes: Any) -> dict[str, Any]:
    config = {**SVD, **{key.replace("__", "."): value for key, value in changes.items()}}
    return migration.upgraded_manifest({"format": 1, "every_step": True}, nested(config))


#: What format 1 did, and could not be told to do otherwise.
BEFORE = ("trace.of=all", "train.flush_denormals=false")


def as_format_1(run: Path) -> None:
    """Rewrites the manifest and the configuration of a run, made as ``BEFORE`` says, as format 1 had them."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    del config["train"]["flush_denormals"], config["train"]["evaluations"], config["trace"]["of"]
    (run / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    manifest = json.loads((run / "manifest.json").read_text())
    facts = manifest.pop("facts")
    del manifest["metric"], manifest["ineffective"]
    manifest |= {"format": 1, "every_step": facts["every_step"]}
    if "sessions" in manifest:
        manifest["sittings"] = manifest.pop("sessions")
    (run / "manifest.json").write_text(json.dumps(manifest))


def test_the_facts_of_a_model_follow_from_its_configuration() -> None:
    found = upgraded()
    assert found["facts"] == {
        "trace_axis": "time",
        "sigma": pytest.approx([0.9, 1.1]),
        "centre": 1.0,
        "slopes": [0.5, 1.0],
        "step": None,
        "every_step": True,
        "layers": 2,
        "traced": "h",
    }
    assert found["metric"] == {"name": "recall_accuracy", "mode": "max"}
    assert found["ineffective"] == []
    assert found["format"] == FORMAT
    assert "every_step" not in found


MNIST = {"task__name": "mnist", "task__permutation_seed": 92916}

#: What a free matrix has no use for: the options that came with later versions included.
FREE = ["r", "model.penalty_weight", "model.clip_every"]


@pytest.mark.parametrize(
    ("changes", "sigma", "centre", "slopes", "ineffective"),
    [
        ({"model__map": "clip", "model__centre": 0.0}, [0.0, 0.1], 0.0, [0.5, 1.0], []),
        ({"model__centre": 0.05}, [0.0, 0.15], 0.05, [0.5, 1.0], []),
        ({"model__centre": -1}, [0.9, 1.1], 1.0, [0.5, 1.0], []),  # |sigma| is what is measured
        ({"model__map": "fixed", "model__activation": "tanh"}, [1.0, 1.0], 1.0, [0.0, 1.0], ["r"]),
        ({"model__map": "free", "model__activation": "identity"}, None, 1.0, [1.0, 1.0], ["r"]),
        ({"model__layer": "householder", "model__activation": "modrelu"}, [1.0, 1.0], 1.0, [0.0, 1.0], ["r"]),
        ({"model__layer": "dense", "model__activation": "relu"}, None, 1.0, [0.0, 1.0], FREE),
        ({"model__layer": "dense", "model__activation": "swish"}, None, 1.0, None, FREE),
        ({"model__layer": "lstm"}, None, 1.0, None, ["r"]),
        ({"model__layer": "gru"}, None, 1.0, None, ["r"]),
        ({"model__layer": "quaternion"}, None, 1.0, None, []),
    ],
)
def test_every_layer_of_format_1_has_its_bounds_and_slopes(
    changes: dict[str, Any], sigma: Any, centre: float, slopes: Any, ineffective: list[str]
) -> None:
    found = upgraded(**changes)
    facts = found["facts"]
    assert facts["sigma"] == (None if sigma is None else pytest.approx(sigma))
    assert (facts["centre"], facts["slopes"]) == (centre, slopes)
    assert [key for key in found["ineffective"] if key not in ("model.r", "model.leak")] == ineffective


@pytest.mark.parametrize(
    ("changes", "unused"),
    [
        ({"model__activation": "tanh"}, {"model.leak"}),
        ({"model__activation": "leaky_relu"}, set()),
        ({"model__layer": "quaternion", "model__activation": "tanh"}, set()),
        ({"model__activation": "leaky_relu", **MNIST, "task__permuted": False}, {"task.permutation_seed"}),
        ({"model__activation": "leaky_relu", **MNIST, "task__permuted": True}, set()),
    ],
)
def test_what_changed_no_number_of_an_earlier_run_is_said(changes: dict[str, Any], unused: set[str]) -> None:
    assert {"model.leak", "task.permutation_seed"} & set(upgraded(**changes)["ineffective"]) == unused


def test_a_task_of_format_1_that_nobody_knows_has_no_metric() -> None:
    assert upgraded(task__name="parity")["metric"] is None
    assert upgraded(task__name="ptb")["metric"] == {"name": "perplexity", "mode": "min"}
    assert [upgraded(task__name=name)["evaluation_continues"] for name in ("ptb", "copy")] == [True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model__centre": None}, "does not say its model.centre"),
        ({"model__centre": "abc"}, "is damaged: its model.centre is 'abc'"),
        ({"r": 10**400}, "is damaged: its r is"),
        ({"model__leak": [1]}, "is damaged: its model.leak is"),
        ({"model__num_layers": 1.5}, "is damaged: its model.num_layers is"),
    ],
)
def test_a_configuration_that_facts_do_not_follow_from_is_refused_by_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        upgraded(**changes)


def test_a_configuration_gets_the_keys_its_layer_has_now_unless_it_has_them() -> None:
    config = nested(SVD)
    assert migration.upgraded_config(config) == {**config, "model": {**config["model"], "r": 0.1}}
    newer = {**config, "model": {**config["model"], "r": 0.3}}
    assert migration.upgraded_config(newer) == newer
    other = {**config, "model": {**config["model"], "layer": "lstm"}}
    assert migration.upgraded_config(other) == other
    free = migration.upgraded_config({**config, "model": {**config["model"], "layer": "dense"}})["model"]
    assert {key: free[key] for key in ("penalise", "bound", "clip_every", "r")} == {
        "penalise": "none", "bound": "none", "clip_every": 1, "r": 0.1,
    }  # fmt: skip
    assert migration.upgraded_config({"model": 5}) == {"model": 5}
    assert upgraded(model__map="free")["ineffective"] == ["r", "model.r"]


def test_what_this_version_wrote_is_left_as_it_is() -> None:
    manifest = {"format": FORMAT, "facts": {"own": 1}, "sittings": 5, "evaluation_continues": True}
    assert migration.upgraded_manifest(manifest, {}) == manifest


def test_what_a_new_run_says_of_itself_is_what_would_follow_from_its_configuration(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, *BEFORE)))
    run = only_run(tmp_path)
    written = Manifest.read(run).content
    as_format_1(run)
    before = (run / "manifest.json").read_bytes()
    read = Manifest.read(run)
    assert read.written_as == 1
    written["ineffective"].remove("train.evaluations")  # a key that there was not
    assert {key: read.content[key] for key in written} == written
    assert (run / "manifest.json").read_bytes() == before


def test_the_shipped_runs_have_the_digests_they_were_made_with() -> None:
    directories = [manifest.parent for manifest in (ROOT / "results").glob("*/*/*/manifest.json")]
    assert {directory.parent.name for directory in directories} >= {"rnn", "ornn", "svdrnn", "lstm"}
    for directory in directories:
        read_saved_run(directory).check_config()


def test_the_shipped_runs_are_read_without_a_note() -> None:
    runs = spectral_bench.load_runs(ROOT / "results")
    assert len(runs) == len([*(ROOT / "results").rglob("manifest.json")])
    assert runs.notes == []
    assert runs.where("model=svdrnn").runs["model.map"].notna().all()
    assert "model.r" not in runs.runs


def test_a_run_of_format_1_goes_on_to_the_same_numbers_and_is_then_of_this_format(tmp_path: Path) -> None:
    longer = ("train.steps=18", "train.checkpoint_every=6", *BEFORE)
    execute(prepare(small_config(tmp_path / "whole", *longer)))
    execute(prepare(small_config(tmp_path / "cut", "train.checkpoint_every=6", *BEFORE)))
    run = only_run(tmp_path / "cut")
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "sessions": [{"from_step": 3}]}))
    as_format_1(run)
    assert exit_code("verify", str(run)) == 0
    assert json.loads((run / "manifest.json").read_text())["format"] == 1
    assert exit_code("resume", "-q", str(run), "train.steps=18") == 0
    assert numbers(run) == numbers(only_run(tmp_path / "whole"))
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["format"] == FORMAT
    assert [session["from_step"] for session in manifest["sessions"]] == [3, 12]
    assert not manifest.keys() & {"sittings", "every_step"}
    assert manifest["facts"]["every_step"] is True
    assert exit_code("verify", str(run)) == 0


def test_an_unfinished_run_of_format_1_is_found_by_the_command_it_began_with(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, *BEFORE)))
    run = only_run(tmp_path)
    as_format_1(run)
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "status": "interrupted"}))
    assert exit_code("run", "-q", "--resume", *small_overrides(tmp_path, *BEFORE)) == 0
    assert Manifest.read(only_run(tmp_path)).written_as == FORMAT


def test_a_margin_that_format_1_measured_from_1_is_read_from_the_models_own_centre(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(prepare(small_config(tmp_path, "model.centre=0", "r=0.1", *BEFORE)))
    run = only_run(tmp_path)
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "spectral_margin": 1.0}))
    as_format_1(run)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (margin,) = spectral_bench.load_runs(run).runs["spectral_margin"]
    assert 0 < margin <= 0.1 + 1e-6
    assert exit_code("verify", str(run)) == 0


def test_a_manifest_of_format_1_beside_a_damaged_configuration_names_that(tmp_path: Path) -> None:
    execute(prepare(small_config(tmp_path, *BEFORE)))
    run = only_run(tmp_path)
    as_format_1(run)
    (run / "config.yaml").write_text("{")
    with pytest.raises(DataError, match=r"config\.yaml: cannot be read"):
        Manifest.read(run)

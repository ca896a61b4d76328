"""Grids beyond Hydra's grammar: keys for one model alone, and grids that live in presets."""

from itertools import product
from pathlib import Path

import pytest

from spectral_bench.config import grid_points
from spectral_bench.config.compose import compose
from spectral_bench.config.grid_points import expand_grid, open_keys_of_preset
from spectral_bench.errors import InputError

PRESET = """# @package _global_
# A preset with a grid
train:
  steps: 5
"""


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    """A folder with a preset ``many``, which is a grid, and one whose grid is no list."""
    (tmp_path / "experiment").mkdir()
    grid = "grid:\n  - model=rnn,svdrnn\n  - svdrnn:model.m1=4,8\n  - seed=1,2\n"
    (tmp_path / "experiment" / "many.yaml").write_text(PRESET + grid)
    (tmp_path / "experiment" / "wrong.yaml").write_text(PRESET + "grid: {seed: [1, 2]}\n")
    return tmp_path


def test_a_key_for_one_model_counts_for_the_points_of_that_model() -> None:
    assert expand_grid(["model=rnn,svdrnn", "svdrnn:r=0.1,0.2", "seed=1"]) == [
        ["model=rnn", "seed=1"],
        ["model=svdrnn", "seed=1", "r=0.1"],
        ["model=svdrnn", "seed=1", "r=0.2"],
    ]
    assert expand_grid(["svdrnn:model.m1=4,8"]) == [["model.m1=4"], ["model.m1=8"]]  # which is the default model


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("svdrn:r=0.1", "Did you mean 'svdrnn'"),
        ("lstm:model.hidden_size=4,8", "no point of the grid has model=lstm"),
        ("svdrnn:seed=range(0,20000)", "more than 10,000 points"),
        ("svdrnn:r=range(0,9999)", "more than 10,000 points"),
        ("svdrnn:model=rnn", "model is chosen for the whole grid"),
        ("svdrnn:launcher=local", "launcher is chosen for the whole grid"),
        ("svdrnn:launcher.workers=2", "launcher.workers is chosen for the whole grid"),
    ],
)
def test_a_key_for_one_model_that_cannot_be_meant_is_refused(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        expand_grid(["model=rnn,svdrnn", "seed=range(0,3)", override])


def test_the_points_of_a_grid_are_counted_before_all_of_them_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    products = []
    monkeypatch.setattr(grid_points, "product", lambda *values: products.append(values) or product(*values))
    with pytest.raises(InputError, match="more than 10,000 points"):
        expand_grid(["model=svdrnn", "seed=range(0,5000)", "svdrnn:task.length=range(0,5000)"])
    assert len(products) == 4  # of what all points share, and of three points


def test_what_is_typed_for_one_model_counts_instead_of_what_its_preset_has(presets: Path) -> None:
    svdrnn = ["experiment=many", "model=svdrnn"]
    assert expand_grid(["experiment=many", "svdrnn:model.m1=16", "seed=1"], presets) == [
        ["experiment=many", "seed=1", "model=rnn"],
        ["experiment=many", "seed=1", "model=svdrnn", "model.m1=16"],
    ]
    points = expand_grid(["experiment=many", "svdrnn:seed=7"], presets)
    assert [point for point in points if "model=svdrnn" in point] == [
        [*svdrnn, "seed=7", "model.m1=4"],
        [*svdrnn, "seed=7", "model.m1=8"],
    ]
    assert len(points) == 4  # two seeds of the other model


def test_a_key_with_several_values_is_typed_once() -> None:
    with pytest.raises(InputError, match="seed is typed twice, 'seed=1,2' and 'seed=3'"):
        expand_grid(["seed=1,2", "model=rnn", "seed=3"])
    assert expand_grid(["seed=1", "seed=3", "model=rnn"]) == [["seed=1", "seed=3", "model=rnn"]]
    with pytest.raises(InputError, match=r"svdrnn:r is typed twice, 'svdrnn:r=0.1,0.2' and 'svdrnn:r=0.3'"):
        expand_grid(["model=rnn,svdrnn", "svdrnn:r=0.1,0.2", "svdrnn:r=0.3"])


def test_a_point_that_is_typed_twice_is_not_hidden_by_a_key_for_one_model() -> None:
    assert len(expand_grid(["model=svdrnn", "seed=1,1", "svdrnn:r=0.1"])) == 2


def test_the_grid_of_a_preset_is_run_but_for_keys_that_are_typed(presets: Path) -> None:
    assert expand_grid(["experiment=many"], presets) == [
        ["experiment=many", "model=rnn", "seed=1"],
        ["experiment=many", "model=rnn", "seed=2"],
        ["experiment=many", "model=svdrnn", "seed=1", "model.m1=4"],
        ["experiment=many", "model=svdrnn", "seed=1", "model.m1=8"],
        ["experiment=many", "model=svdrnn", "seed=2", "model.m1=4"],
        ["experiment=many", "model=svdrnn", "seed=2", "model.m1=8"],
    ]
    assert expand_grid(["experiment=many", "seed=7", "model.m1=2"], presets) == [
        ["experiment=many", "seed=7", "model.m1=2", "model=rnn"],
        ["experiment=many", "seed=7", "model.m1=2", "model=svdrnn"],
    ]
    assert "grid" not in compose(["experiment=many"], presets).config


def test_a_single_run_of_a_preset_with_a_grid_must_choose_a_point(presets: Path) -> None:
    assert open_keys_of_preset(["experiment=many"], presets) == ["model", "seed"]
    assert open_keys_of_preset(["experiment=many", "seed=1", "model=svdrnn"], presets) == ["model.m1"]
    assert open_keys_of_preset(["experiment=many", "seed=1", "model=rnn"], presets) == []
    for point in expand_grid(["experiment=many"], presets):
        assert open_keys_of_preset(point, presets) == []


def test_the_grid_of_a_preset_is_a_list_of_overrides(presets: Path) -> None:
    with pytest.raises(InputError, match=r"wrong\.yaml: grid: expected a list of overrides"):
        expand_grid(["experiment=wrong"], presets)
    with pytest.raises(InputError, match="'grid=5': a grid is typed as"):
        compose(["experiment=many", "grid=5"], presets)

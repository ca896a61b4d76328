"""The command that trains a run is one that the command line takes."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from command_line import Run as Call
from run_directories import edit

from spectral_bench.config.grid_points import OpenKeys
from spectral_bench.records.collection import collect
from spectral_bench.records.training_command import training_command

CLAIMS = Path(__file__).parents[2] / "results" / "claims"


@pytest.fixture
def rival(tmp_path: Path) -> Path:
    """A copy of a shipped run that was one of many, under a preset that is a grid over r."""
    (run,) = (CLAIMS / "copy" / "lru").glob("20261127-030556-*-seed1-*")
    return Path(shutil.copytree(run, tmp_path / "results" / run.name))


def words_of(directory: Path) -> list[str]:
    (run,) = collect([directory]).runs
    return shlex.split(training_command(run, OpenKeys()))


def test_the_command_for_a_point_of_a_grid_configures_that_run_alone(command: Call, rival: Path) -> None:
    words = words_of(rival)
    assert not any("_dir=" in word for word in words)
    done = command(*words[1:], "--dry-run", f"results_dir={rival.parent}")
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(command(*words[1:], "--print-config").stdout)
    recorded = yaml.safe_load((rival / "config.yaml").read_text())
    assert {key: shown[key] for key in ("model", "task", "optimizer", "seed")} == {
        key: recorded[key] for key in ("model", "task", "optimizer", "seed")
    }


def test_a_run_that_was_made_longer_has_the_command_for_all_of_it(rival: Path) -> None:
    config = yaml.safe_load((rival / "config.yaml").read_text())
    config["train"]["steps"] = 4000
    (rival / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    edit(rival / "manifest.json", config_digest="0" * 64)
    assert "train.steps=4000" in words_of(rival)


@pytest.mark.parametrize(
    ("recorded", "threads"),
    [("run -m seed=1,2", ["train.threads=2"]), ("claims copy --run", ["train.threads=2"]), ("run", [])],
)
def test_a_run_of_many_computes_alone_with_as_many_threads(rival: Path, recorded: str, threads: list[str]) -> None:
    config = yaml.safe_load((rival / "config.yaml").read_text())
    config["train"]["threads"] = None
    (rival / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    typed = yaml.safe_load((rival / "overrides.yaml").read_text())
    (rival / "overrides.yaml").write_text(yaml.safe_dump([word for word in typed if "train.threads" not in word]))
    edit(rival / "manifest.json", command=["spectral-bench", *recorded.split()], threads=2)
    assert [word for word in words_of(rival) if "train.threads" in word] == threads


def test_plugins_and_folders_of_configuration_come_along(rival: Path) -> None:
    recorded = ["spectral-bench", "run", "-m", "--plugin", "mine.py", "--config-dir=mine", "seed=1,2"]
    edit(rival / "manifest.json", command=recorded)
    assert words_of(rival)[2:5] == ["--plugin", "mine.py", "--config-dir=mine"]


@pytest.mark.parametrize("text", [" 5", " true", "a: 1", "- [1]", "- !!python/name:os.system", None])
def test_what_was_typed_and_cannot_be_read_leaves_the_recorded_command(rival: Path, text: str | None) -> None:
    if text is None:
        (rival / "overrides.yaml").unlink()
    else:
        (rival / "overrides.yaml").write_text(text)
    assert words_of(rival) == json.loads((rival / "manifest.json").read_text())["command"]


def test_a_run_for_which_nothing_was_typed_needs_nothing(rival: Path) -> None:
    (rival / "overrides.yaml").write_text("[]\n")
    assert words_of(rival) == ["spectral-bench", "run"]

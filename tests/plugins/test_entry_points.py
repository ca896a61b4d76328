"""What an installed distribution offers by entry points is there without being named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Run
from small_runs import only_run

SMALL = ["-q", "train.steps=12", "train.evaluate_every=5", "trace.every=4", "train.checkpoint_every=5"]
COPY = ["task.length=6", "task.validation_size=20", "task.test_size=20"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Lays out a distribution as an installer does: a folder of modules, and one that describes it."""
    site = tmp_path / "site"

    def lay_out(name: str, entry_points: str) -> Path:
        package, information = site / name, site / f"{name}-1.0.dist-info"
        package.mkdir(parents=True)
        information.mkdir()
        (package / "__init__.py").touch()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(entry_points)
        return package

    monkeypatch.syspath_prepend(site)
    return lay_out


@pytest.fixture
def diagrnn(install: Callable[[str, str], Path], diagonal: Path) -> Path:
    package = install("diagrnn_package", "[spectral_bench.models]\ndiagrnn = diagrnn_package.diagonal\n")
    for path in diagonal.parent.iterdir():
        path.rename(package / path.name)
    return package


def test_an_entry_point_brings_a_model_to_every_verb(run: Run, tmp_path: Path, diagrnn: Path) -> None:
    assert "diagrnn  One weight a unit" in run("list", "models").stdout
    done = run("run", "model=diagrnn", *SMALL, *COPY)
    assert done.returncode == 0, done.stderr
    directory = only_run(tmp_path / "results")
    (recorded,) = json.loads((directory / "manifest.json").read_text())["plugins"]
    assert recorded["name"] == "diagrnn_package.diagonal"
    assert run("verify", str(directory)).returncode == 0
    assert run("resume", str(directory), "train.steps=15", "-q").returncode == 0


def test_a_distribution_is_not_imported_for_a_run_that_does_not_use_it(run: Run, tmp_path: Path, diagrnn: Path) -> None:
    (diagrnn / "diagonal.py").write_text("raise RuntimeError('imported')\n")
    done = run("run", "model=rnn", "model.hidden_size=4", *SMALL, *COPY)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((only_run(tmp_path / "results") / "manifest.json").read_text())["plugins"] == []


def test_a_distribution_that_is_broken_is_named_when_it_is_needed(run: Run, diagrnn: Path) -> None:
    (diagrnn / "diagonal.py").write_text("import nothing_of_this_name\n")
    said = "Entry point diagrnn = diagrnn_package.diagonal of diagrnn_package: needs the module 'nothing_of_this_name'"
    done = run("run", "model=diagrnn", *SMALL, *COPY)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {said}")
    done = run("list", "models")
    assert done.returncode == 0
    assert done.stderr.startswith(f"Warning: {said}")
    assert len(done.stderr.splitlines()) == 1
    assert run("list", "tasks").stderr == ""
    (diagrnn / "conf/model/diagrnn.yaml").unlink()
    done = run("run", "model=diagrnn")
    assert done.stderr.startswith(f"Error: {said}")
    done = run("run", "model=svdrn")
    assert done.returncode == 2
    assert "Did you mean 'svdrnn'?" in done.stderr
    assert said in done.stderr


def test_a_broken_distribution_is_named_once_however_many_entry_points_it_has(
    run: Run, install: Callable[[str, str], Path]
) -> None:
    package = install(
        "broken",
        "[spectral_bench.models]\none = broken.parts:One\ntwo = broken.parts:Two\n"
        "[spectral_bench.tasks]\nthree = broken.parts:Three\n",
    )
    (package / "parts.py").write_text("CONF_DIR = 'conf'\nimport nothing_of_this_name\n")
    done = run("run", "model=one")
    assert done.returncode == 2
    assert done.stderr.count("nothing_of_this_name") == 1
    assert "Entry points one = broken.parts:One, two = broken.parts:Two" in done.stderr


def test_a_class_is_registered_under_the_name_of_its_entry_point(
    run: Run, install: Callable[[str, str], Path], diagonal: Path
) -> None:
    package = install("class_package", "[spectral_bench.models]\ndiagonal = class_package.model:DiagonalArchitecture\n")
    text = diagonal.read_text().replace('@MODELS.register("diagonal")\n', "")
    (package / "model.py").write_text(text)
    (diagonal.parent / "conf").rename(package / "conf")
    done = run("run", "model=diagrnn", *SMALL, *COPY)
    assert done.returncode == 0, done.stderr


def test_a_class_that_its_module_registers_stays_as_it_is(
    run: Run, install: Callable[[str, str], Path], diagonal: Path
) -> None:
    package = install("class_package", "[spectral_bench.models]\nother = class_package.diagonal:DiagonalArchitecture\n")
    for path in diagonal.parent.iterdir():
        path.rename(package / path.name)
    assert run("run", "model=diagrnn", *SMALL, *COPY).returncode == 0
    done = run("run", "model=diagrnn", "model.layer=other")
    assert "Unknown model.layer 'other'" in done.stderr


def test_an_entry_point_cannot_take_a_name_of_the_projects(
    run: Run, install: Callable[[str, str], Path], diagonal: Path
) -> None:
    package = install("class_package", "[spectral_bench.models]\nlstm = class_package.model:DiagonalArchitecture\n")
    (package / "model.py").write_text(diagonal.read_text().replace('@MODELS.register("diagonal")\n', ""))
    done = run("run", "model=lstm", "model.layer=absent")
    assert done.returncode == 2
    assert (
        "Entry point lstm = class_package.model:DiagonalArchitecture of class_package: model.layer=lstm is"
        in done.stderr
    )
    assert run("run", "model=lstm", "model.hidden_size=4", *SMALL, *COPY).returncode == 0


def test_an_entry_point_without_yaml_is_named(run: Run, install: Callable[[str, str], Path], diagonal: Path) -> None:
    package = install("bare_package", "[spectral_bench.models]\ndiagonal = bare_package.diagonal\n")
    diagonal.rename(package / "diagonal.py")
    done = run("run", "model=diagonal")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"Error: {package / 'diagonal.py'}: registers model.layer=diagonal, and no yaml file chooses it"
    )

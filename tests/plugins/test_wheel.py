"""From the installed wheel, outside any checkout, a model and a task of one's own are a file and a yaml file each."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import only_run

ROOT = Path(__file__).parent.parent.parent
SMALL = ["-q", "train.steps=12", "train.evaluate_every=5", "trace.every=4", "train.checkpoint_every=5"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as its wheel installs it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    for command in (
        [*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        [*pip, "install", "--no-deps", "--target", str(folder / "site"), "--no-index", "--find-links", str(folder),
         "spectral-bench"],
    ):  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture
def spectral_bench(installed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    # Not by -m, which would put the folder we are in before PYTHONPATH.
    script = "import sys; from spectral_bench.cli.app import main; sys.argv[0] = 'spectral-bench'; main()"
    settings = {**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "200"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-c", script, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_the_wheel_is_what_is_imported(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import spectral_bench; print(spectral_bench.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_a_model_and_a_task_from_outside_are_citizens_of_every_verb(
    spectral_bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, diagonal: Path, first: Path
) -> None:
    plugins = ["--plugin", str(diagonal), "--plugin", str(first)]
    assert "diagrnn" in spectral_bench("list", "models", *plugins).stdout
    assert "first" in spectral_bench("list", "tasks", *plugins).stdout
    spectral_bench("run", *plugins, "model=diagrnn", "task=first", *SMALL)
    directory = only_run(tmp_path / "results")
    assert directory.parts[-3:-1] == ("first", "diagrnn")
    assert "diagrnn" in spectral_bench("compare", *plugins).stdout
    assert spectral_bench("verify", str(directory), *plugins).stdout.startswith("The same")
    spectral_bench("resume", str(directory), "train.steps=15", "-q", *plugins)
    assert spectral_bench("verify", str(directory), "--whole", *plugins).stdout.startswith("The same")

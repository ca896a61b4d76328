import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import pytest
from command_line import Run

from spectral_bench.nn import MODELS
from spectral_bench.plugins import entry_points, registrations
from spectral_bench.runs.sinks import SINKS
from spectral_bench.tasks import TASKS
from spectral_bench.training.optimizers import OPTIMIZERS

HERE = Path(__file__).parent


@contextmanager
def no_plugins_loaded(folder: Path) -> Iterator[None]:
    """In this block it is as in a new process; what is imported from the folder is forgotten at its end."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        for registry in (MODELS, TASKS, OPTIMIZERS, SINKS):
            patch.setattr(registry, "_entries", dict(registry._entries))
            patch.setattr(registry, "_has_entry_points", False)
        patch.setattr(entry_points, "_problems", {})
        patch.setattr(entry_points, "_entry_points", {})
        patch.setattr(sys, "path", list(sys.path))
        loaded = dict(registrations.LOADED)
        registrations.LOADED.clear()
        try:
            yield
        finally:
            registrations.LOADED.clear()
            registrations.LOADED.update(loaded)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[None]:
    with no_plugins_loaded(tmp_path):
        yield


@pytest.fixture
def run(tmp_path: Path, command: Run) -> Run:
    """The command line in an empty folder, in this process, which has loaded no plugin before."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        with no_plugins_loaded(tmp_path):
            return command(*arguments, columns=200)

    return call


@pytest.fixture
def diagonal(tmp_path: Path) -> Path:
    """The file of a model, with its folder of yaml beside it."""
    return copytree(HERE / "models", tmp_path / "models") / "diagonal.py"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The file of a task, with its folder of yaml beside it."""
    return copytree(HERE / "tasks", tmp_path / "tasks") / "first.py"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fabricate import build_task, ucr_text, write_mnist, write_ptb, write_ucr

from spectral_bench.tasks.task import Task


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """Builds a task from its yaml file, with changes, in an empty data folder unless one is given."""

    def make(name: str, data_dir: Path = tmp_path, **changes: Any) -> Task:
        return build_task(name, data_dir, **changes)

    return make


@pytest.fixture(scope="session")
def fabricated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with MNIST files of the right sizes, a small text in the place of PTB, and a small UCR set."""
    data_dir = tmp_path_factory.mktemp("data")
    write_mnist(data_dir)
    write_ptb(data_dir, "a b c d\n" * 20 + "a a e\n" * 5, "a b c e\n" * 7, "d a b\n" * 8)
    write_ucr(data_dir, "Small", ucr_text(["10", "-1", "2"] * 10, 12), ucr_text(["2", "-1", "10"] * 5, 12))
    return data_dir

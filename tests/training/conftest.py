from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import small_config

from spectral_bench.runs.execute import prepare
from spectral_bench.runs.session import Prepared


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Prepared]:
    """A training that is ready to start; overrides given win."""

    def build(*overrides: str, model: str = "svdrnn", task: str = "copy") -> Prepared:
        return prepare(small_config(tmp_path / "results", *overrides, model=model, task=task))

    return build

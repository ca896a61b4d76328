from pathlib import Path
from typing import Any

import pytest
from command_line import exit_code

TINY = (
    "task=copy",
    "task.length=6",
    "task.validation_size=20",
    "task.test_size=20",
    "model.hidden_size=8",
    "train.batch_size=5",
    "train.steps=6",
    "train.evaluate_every=2",
    "train.threads=1",
    "trace.every=2",
)


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an rnn of one seed, and an svdrnn of three seeds at one radius and one at another."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        assert exit_code("run", "-q", "model=rnn", *TINY) == 0
        svdrnn: tuple[Any, ...] = ("model=svdrnn", "model.m1=3", "model.m2=3", *TINY)
        for seed in range(3):
            assert exit_code("run", "-q", f"seed={seed}", *svdrnn) == 0
        assert exit_code("run", "-q", "r=0.5", *svdrnn) == 0
        assert exit_code("report", "-o", "report.html") == 0
    return folder / "report.html"

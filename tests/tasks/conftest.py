from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from spectral_bench.tasks.base import TASKS, Task

CONF = Path(__file__).parents[2] / "conf" / "task"


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """Builds a task from its yaml file, with changes, in an empty data folder unless one is given."""

    def make(name: str, data_dir: Path = tmp_path, **changes: Any) -> Task:
        task_type = TASKS[name]
        node = OmegaConf.merge(
            OmegaConf.structured(task_type.Config), OmegaConf.load(CONF / f"{name}.yaml").task, changes
        )
        return task_type(OmegaConf.to_object(node), data_dir)

    return make

"""A small project of the user's own: one model, one task, two presets, in a folder for ``--config-dir``."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from spectral_bench.config.load import Kinds
from spectral_bench.config.registry import Registry
from spectral_bench.training.optimizers import OPTIMIZERS

MODELS: Registry[Any] = Registry("model.layer")
TASKS: Registry[Any] = Registry("task.name")


class Start(Enum):
    RANDOM = "random"
    IDENTITY = "identity"


@MODELS.register("toy")
class ToyLayer:
    @dataclass
    class Config:
        name: str
        layer: str
        hidden_size: int
        dropout: float
        start: Start
        reflectors: int | None

        def ineffective(self) -> tuple[str, ...]:
            return ()


@MODELS.register("round")
class RoundLayer:
    @dataclass
    class Config(ToyLayer.Config):
        r: float


@TASKS.register("toy")
class ToyTask:
    @dataclass
    class Config:
        name: str
        length: int
        sizes: list[int]

        def __post_init__(self) -> None:
            if self.length < 1:
                raise ValueError(f"length={self.length}: expected at least 1")


KINDS = Kinds(MODELS, TASKS, OPTIMIZERS)

FILES = {
    "model/toy.yaml": """
        # A model to test with
        name: toy
        layer: toy
        hidden_size: 8
        dropout: 0
        start: random
        reflectors: null
    """,
    "model/round.yaml": """
        # A model with a radius
        name: round
        layer: round
        hidden_size: 8
        dropout: 0
        start: identity
        reflectors: 4
        r: ${r}
    """,
    "task/toy.yaml": """
        # @package _global_
        # A task to test with
        task:
          name: toy
          length: 10
          sizes: [1, 2]
        train:
          steps: 50
        optimizer:
          lr: 0.5
    """,
    "recipe/toy/round.yaml": """
        # @package _global_
        # Found by trying
        optimizer:
          lr: 0.25
        model:
          reflectors: 2
    """,
    "experiment/toy_preset.yaml": """
        # @package _global_
        # A preset to test with
        defaults:
          - override /model: round
          - override /task: toy
          - _self_
        model:
          reflectors: 3
        train:
          batch_size: 7
    """,
    "experiment/plain.yaml": """
        # @package _global_
        # A preset that takes no recipe
        defaults:
          - override /model: round
          - override /task: toy
          - override /recipe: none
          - _self_
        r: 0.5
    """,
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder for ``--config-dir``."""
    for name, text in FILES.items():
        write(tmp_path / "own" / name, text)
    return tmp_path / "own"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    file.write_text("\n".join(line[indent:] for line in lines).rstrip() + "\n")

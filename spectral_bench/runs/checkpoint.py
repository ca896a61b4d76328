"""``checkpoint.pt``: weights, optimizer, random states and position."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from spectral_bench.runs.atomic import write_atomically


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    write_atomically(path, lambda temporary: torch.save(dict(state), temporary))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint. It may come from a stranger: only tensors and plain values are accepted, never code."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state

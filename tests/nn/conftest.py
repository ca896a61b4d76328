from pathlib import Path

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _same_random_numbers_in_every_run() -> None:
    torch.manual_seed(0)


@pytest.fixture
def golden_recurrence() -> dict[str, torch.Tensor]:
    """The independent recurrence that came with the design."""
    with np.load(Path(__file__).parents[1] / "golden" / "recurrence.npz") as arrays:
        return {key: torch.tensor(arrays[key]) for key in arrays.files}

from collections.abc import Callable

import pytest

from spectral_bench.runs.execute import Prepared
from spectral_bench.training.memory_estimate import estimate_memory

Build = Callable[..., Prepared]


def estimate(ready: Prepared, evaluation_batch_size: int = 1) -> int:
    batch = ready.task.train_batch(0, ready.config.train.batch_size, seed=0)
    return estimate_memory(ready.model, ready.task.signature, batch, evaluation_batch_size)


@pytest.mark.parametrize("model", ["rnn", "lstm", "svdrnn"])
def test_the_estimate_grows_with_the_length_and_the_batch(prepared: Build, model: str) -> None:
    small = estimate(prepared("task.length=200", model=model))
    assert estimate(prepared("task.length=2000", model=model)) > 5 * small
    assert estimate(prepared("task.length=200", "train.batch_size=50", model=model)) > 5 * small


def test_a_gated_network_keeps_its_gates(prepared: Build) -> None:
    """Four gates, cell and state, where a plain network keeps its states only."""
    options = ("task.length=500", "model.hidden_size=64", "train.batch_size=20")
    states = 520 * 20 * 64 * 4
    plain, gated = (estimate(prepared(*options, model=model)) for model in ("rnn", "lstm"))
    assert plain > states
    assert gated - plain > 4 * states


def test_a_large_evaluation_counts(prepared: Build) -> None:
    ready = prepared("task.length=500")
    assert estimate(ready, evaluation_batch_size=5000) > 10 * estimate(ready)

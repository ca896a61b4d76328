from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spectral_bench.nn.model import Facts, Model, Signature, State, TraceAxis
from spectral_bench.runs.execute import Prepared
from spectral_bench.tasks.task import Batch
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


class Normalising(Model):
    """Normalises over the batch, which one sequence alone has no use for; traced over depth or time."""

    def __init__(self, axis: TraceAxis) -> None:
        super().__init__()
        self.axis = axis
        self.inputs = nn.Linear(2, 64)
        self.layers = nn.Sequential(
            *(nn.Sequential(nn.BatchNorm1d(64), nn.Linear(64, 64), nn.Tanh()) for _ in range(4))
        )
        self.readout = nn.Linear(64, 3)

    def forward(self, inputs: Tensor, *_: Any) -> tuple[Tensor, State]:
        h = self.inputs(inputs[0])
        for x in inputs:
            h = self.layers(h + self.inputs(x))
        return self.readout(h), []

    def facts(self) -> Facts:
        return Facts(trace_axis=self.axis)

    def singular_values(self) -> dict[tuple[int, str], Tensor]:
        return {}


@pytest.mark.parametrize("axis", TraceAxis)
@pytest.mark.parametrize("samples", [1, 2, 50])
def test_a_model_that_normalises_over_the_batch_is_estimated(axis: TraceAxis, samples: int) -> None:
    batch = Batch(torch.randn(6, samples, 2), torch.zeros(samples, dtype=torch.long))
    bytes_ = estimate_memory(Normalising(axis), Signature(2, 3, 6, every_step=False), batch, 1)
    weights = 5 * 4 * sum(parameter.numel() for parameter in Normalising(axis).parameters())
    states = samples * 6 * 4 * 64 * 4  # of every layer at every step
    assert weights + 2 * states < bytes_ < weights + 6 * states

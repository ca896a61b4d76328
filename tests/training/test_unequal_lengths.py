"""Sequences of unequal lengths: the class is read at each one's own end, by every model, and traces begin there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import FEED_FORWARD, MODELS, only_run, small_config
from tasks.fabricate import write_ucr

from spectral_bench.diagnostics.gradient_decay import VERDICTS
from spectral_bench.nn import GradientTrace, TraceAxis
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.verification import verify_run
from spectral_bench.tasks.task import Batch
from spectral_bench.training.evaluation import predict
from spectral_bench.training.tracing import mean_norms


def series(rng: np.random.Generator, count: int, dimensions: int) -> str:
    """Noise of any length from 2 to 9; the sign of the last value of the first dimension is the class."""
    rows = []
    for _ in range(count):
        values = rng.normal(size=(dimensions, rng.integers(2, 10)))
        rows.append(":".join(",".join(f"{value:.6f}" for value in one) for one in values) + f":{values[0, -1] > 0}")
    return "@data\n" + "\n".join(rows) + "\n"


def write(data_dir: Path, dimensions: int = 3, train: int = 40) -> None:
    rng = np.random.default_rng(0)
    write_ucr(data_dir, "Small", series(rng, train, dimensions), series(rng, 100, dimensions), ending=".ts")


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_padding_changes_neither_predictions_nor_gradients_nor_the_norms_that_are_traced(
    tmp_path: Path, model: str, layers: int
) -> None:
    write(tmp_path / "data")
    config = small_config(
        tmp_path / "results", f"data_dir={tmp_path / 'data'}", f"model.num_layers={layers}", model=model, task="ucr"
    )
    prepared = prepare(config)
    task, net = prepared.task, prepared.model.double()
    batch = next(task.batches("test", 12))
    batch = Batch(batch.inputs.double(), batch.targets, lengths=batch.lengths)
    assert batch.lengths is not None
    assert len(set(batch.lengths.tolist())) > 3
    traces = GradientTrace()
    outputs, _ = predict(net, batch, None, traces)
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(task.losses(outputs, batch.targets).mean(), parameters)

    losses, norms = [], {layer: np.full((12, 10), np.nan) for layer in range(layers)}
    for number, length in enumerate(batch.lengths.tolist()):
        alone = Batch(batch.inputs[:length, number : number + 1], batch.targets[number : number + 1])
        trace = GradientTrace()
        every_step, _ = net(alone.inputs, None, trace)
        torch.testing.assert_close(outputs[number], every_step[-1, 0])
        losses.append(task.losses(every_step[-1], alone.targets))
        torch.autograd.grad(losses[-1].sum(), parameters, retain_graph=True, allow_unused=True)
        for layer in range(layers):
            norms[layer][number, 9 - length :] = trace.norms[layer][:, 0]
    for found, expected in zip(gradients, torch.autograd.grad(torch.cat(losses).mean(), parameters), strict=True):
        torch.testing.assert_close(found, expected)
    found = mean_norms(traces, 0, batch, TraceAxis.time).by_layer
    for layer in range(layers):
        np.testing.assert_allclose(found[layer], np.nanmean(norms[layer], axis=0), rtol=1e-6)


@pytest.mark.parametrize("model", FEED_FORWARD)
def test_a_network_that_reads_sequences_whole_reads_them_padded(tmp_path: Path, model: str) -> None:
    write(tmp_path / "data")
    options = [f"data_dir={tmp_path / 'data'}", "model.hidden_size=30", "train.steps=2"]
    result = execute(prepare(small_config(tmp_path / "results", *options, model=model, task="ucr")))
    assert result.summary["test"] is not None


def test_places_before_the_beginning_of_the_longest_sequence_hold_what_arrives_there() -> None:
    trace, batch = GradientTrace(), Batch(torch.zeros(5, 2, 1), torch.zeros(2), lengths=torch.tensor([3, 2]))
    trace.norms[0] = torch.tensor([[1.0, 4], [2, 5], [3, 6], [4, 0], [0, 0], [0, 0]])
    aligned = mean_norms(trace, 0, batch, TraceAxis.time).by_layer[0]
    assert aligned.tolist() == [2, 2, 2, 2 + 4, 3 + 5, 4 + 6]
    over_depth = mean_norms(trace, 0, batch, TraceAxis.depth).by_layer[0]
    assert over_depth.tolist() == [5, 7, 9, 4, 0, 0]


def test_what_decides_at_the_true_end_is_learnt_and_the_run_can_be_had_again(tmp_path: Path) -> None:
    """Who reads the last step of the padding instead has to carry the sign over up to seven steps of zeros."""
    write(tmp_path / "data", dimensions=1, train=400)
    options = ["task.input_size=1", "train.steps=120", "train.batch_size=50", "optimizer.lr=0.05", "model.num_layers=1"]
    config = small_config(tmp_path / "results", f"data_dir={tmp_path / 'data'}", *options, model="rnn", task="ucr")
    result = execute(prepare(config))
    assert result.summary["test"] >= 0.95
    assert result.summary["gradient_verdict"] in VERDICTS
    assert verify_run(only_run(tmp_path / "results")).difference is None

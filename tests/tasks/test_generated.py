"""Addition and copy: what their sequences mean, their baselines, and that evaluation sets are fixed."""

import math

import numpy as np
import pytest
import torch

from spectral_bench.errors import InputError


def test_copy_lays_out_symbols_delay_delimiter_and_recall(make_task):
    batch = make_task("copy", length=7).train_batch(step=3, batch_size=4, seed=1)
    tokens = batch.inputs.argmax(-1)
    assert batch.inputs.shape == (27, 4, 10)
    assert batch.inputs.dtype == torch.float32
    assert batch.targets.dtype == torch.int64
    assert (batch.inputs.sum(-1) == 1).all()
    assert ((tokens[:10] >= 1) & (tokens[:10] <= 8)).all()
    assert (tokens[10:16] == 0).all()
    assert (tokens[16] == 9).all()  # T + 9
    assert (tokens[17:] == 0).all()
    assert (batch.targets[:17] == 0).all()
    assert (batch.targets[17:] == tokens[:10]).all()


def test_copy_variants_change_the_delimiter_and_the_encoding_but_not_the_question(make_task):
    default = make_task("copy", length=7).train_batch(0, 4, 0)
    together = make_task("copy", length=7, recall="with_delimiter").train_batch(0, 4, 0)
    assert (together.inputs[17].argmax(-1) == 9).all()  # the first step of the recall
    assert torch.equal(together.targets, default.targets)

    for recall, first, single in (
        ("after_delimiters", 16, default),  # eleven delimiters: the TCN code
        ("with_delimiters", 17, together),  # ten: the S4 code
    ):
        task = make_task("copy", length=7, recall=recall)
        repeated = task.train_batch(0, 4, 0)
        assert (repeated.inputs[first:].argmax(-1) == 9).all()
        assert torch.equal(repeated.inputs[:first], single.inputs[:first])
        assert (repeated.inputs.sum(-1) == 1).all()
        assert torch.equal(repeated.targets, default.targets)
        assert (task.signature.length, task.baseline.value) == (27, pytest.approx(10 * math.log(8) / 27))
        scalar = make_task("copy", length=7, recall=recall, encoding="scalar").train_batch(0, 4, 0)
        assert (scalar.inputs[first:] == -1).all()
        assert (scalar.inputs[:first] >= 0).all()

    scalar = make_task("copy", length=7, encoding="scalar").train_batch(0, 4, 0)
    tokens = default.inputs.argmax(-1)
    assert torch.equal(scalar.inputs[..., 0], torch.where(tokens == 9, -1, tokens).float())


@pytest.mark.parametrize("length", [1, 100, 1000])
def test_copy_baseline_is_the_loss_of_blank_then_a_uniform_guess(make_task, length):
    task = make_task("copy", length=length)
    batch = next(task.batches("test", 50))
    sure = 60.0
    outputs = torch.zeros(*batch.targets.shape, 9)
    outputs[:-10, :, 0] = sure
    outputs[-10:, :, 1:] = sure
    assert task.losses(outputs, batch.targets).mean().item() == pytest.approx(
        10 * math.log(8) / (length + 20), rel=1e-5
    )
    assert task.baseline.value == pytest.approx(10 * math.log(8) / (length + 20))
    assert task.baseline.of == "loss"


def test_copy_scores_only_the_recalled_symbols(make_task):
    task = make_task("copy", length=5)
    batch = task.train_batch(0, 3, 0)
    outputs = torch.nn.functional.one_hot(batch.targets, 9).float()
    assert task.scores(outputs, batch.targets).tolist() == [1, 1, 1]
    outputs[:-10] = 0.0
    outputs[:-10, :, 5] = 1.0  # wrong wherever nothing is recalled
    outputs[-1, 0] = torch.eye(9)[0]
    outputs[-10:, 2] = torch.eye(9)[0]
    torch.testing.assert_close(task.scores(outputs, batch.targets), torch.tensor([0.9, 1.0, 0.0]))


def test_copy_symbols_are_uniform(make_task):
    task = make_task("copy", length=1, test_size=20_000)
    counts = torch.cat([b.targets[-10:].flatten() for b in task.batches("test", 5000)]).bincount(minlength=9)
    assert counts[0] == 0
    assert (counts[1:] / counts.sum() - 1 / 8).abs().max() < 0.005


@pytest.mark.parametrize(("length", "half"), [(2, 1), (9, 4), (100, 50)])
def test_addition_marks_one_number_of_each_half_and_asks_for_their_sum(make_task, length, half):
    batch = make_task("addition", length=length).train_batch(0, 500, 0)
    values, marks = batch.inputs.unbind(-1)
    assert batch.inputs.shape == (length, 500, 2)
    assert batch.inputs.dtype == batch.targets.dtype == torch.float32
    assert ((marks == 0) | (marks == 1)).all()
    assert (marks[:half].sum(0) == 1).all()
    assert (marks[half:].sum(0) == 1).all()
    assert marks.any(1).all()  # every position is marked somewhere: none is out of reach
    torch.testing.assert_close((values * marks).sum(0, keepdim=True).T, batch.targets)


def test_addition_marks_two_distinct_positions_anywhere(make_task):
    marks = make_task("addition", length=6, marks="anywhere").train_batch(0, 3000, 0).inputs[..., 1]
    assert (marks.sum(0) == 2).all()
    pairs = {tuple(column.nonzero().flatten().tolist()) for column in marks.T}
    assert len(pairs) == 15  # all of 6 choose 2
    assert (marks.mean(1) - 1 / 3).abs().max() < 0.03


def test_addition_baseline_is_the_score_of_always_answering_one(make_task):
    task = make_task("addition", length=10, test_size=50_000)
    mean = torch.cat([task.scores(torch.ones(b.size, 1), b.targets) for b in task.batches("test", 10_000)]).mean()
    assert task.baseline.value == pytest.approx(1 / 6)
    assert mean.item() == pytest.approx(1 / 6, abs=0.003)


@pytest.mark.parametrize("name", ["copy", "addition"])
def test_the_evaluation_sets_do_not_depend_on_the_batch_size(make_task, name):
    task = make_task(name, length=12, validation_size=50)
    whole = next(task.batches("validation", 50))
    parts = list(task.batches("validation", 16))
    assert [part.size for part in parts] == [16, 16, 16, 2]
    assert torch.equal(torch.cat([part.inputs for part in parts], dim=1), whole.inputs)
    test = next(make_task(name, length=12, test_size=50).batches("test", 50))
    assert not torch.equal(test.inputs, whole.inputs)


def test_the_test_sets_are_the_same_on_every_machine(make_task):
    copy = next(make_task("copy", length=5).batches("test", 2))
    assert copy.targets[-10:, 0].tolist() == [3, 4, 8, 4, 1, 2, 3, 3, 1, 3]
    addition = next(make_task("addition", length=5).batches("test", 2))
    np.testing.assert_allclose(addition.targets.flatten(), [0.7765414, 1.1136429], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("copy", {"length": 0}, "task.length must be at least 1, not 0"),
        ("addition", {"length": 1}, "task.length must be at least 2, not 1"),
        ("addition", {"test_size": 0}, "at least 1, not 1000 and 0"),
    ],
)
def test_impossible_sizes_are_refused(make_task, name, changes, message):
    with pytest.raises(InputError, match=message):
        make_task(name, **changes)


def test_generated_training_data_has_no_pass(make_task):
    task = make_task("copy")
    assert task.updates_per_epoch(10) is None
    with pytest.raises(InputError, match="without end"):
        next(task.batches("train", 10))

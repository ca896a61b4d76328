"""What the training loop relies on, for every task."""

import dataclasses

import pytest
import torch
from fabricate import CONF, build_task
from omegaconf import OmegaConf

from spectral_bench.errors import InputError
from spectral_bench.tasks.task import TASKS

CHANGES = {"ptb": {"verify": False, "bptt": 6}, "ucr": {"dataset": "Small"}, "mnist": {"pixels_per_step": 28}}


@pytest.fixture(scope="module", params=list(TASKS))
def task(request, fabricated):
    return build_task(request.param, fabricated, **CHANGES.get(request.param, {}))


def same(a, b):
    return torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets) and a.continues == b.continues


def test_every_task_has_a_yaml_file_with_exactly_its_keys_each_explained():
    assert sorted(path.stem for path in CONF.glob("*.yaml")) == list(TASKS)
    for name in TASKS:
        lines = (CONF / f"{name}.yaml").read_text().splitlines()
        assert lines[0] == "# @package _global_"
        assert lines[1].startswith("# ")
        assert all("#" in line for line in lines[2:] if line.startswith("  ") and "name:" not in line)
        node = OmegaConf.load(CONF / f"{name}.yaml")
        assert node.task.name == name
        assert list(node.task) == [field.name for field in dataclasses.fields(TASKS[name].Config)]


def test_a_training_batch_is_a_pure_function_of_seed_and_step(task):
    first = [task.train_batch(step, 3, seed=5) for step in (0, 1, 7)]
    for step in (7, 100, 0, 1):  # in another order, with other steps and seeds between
        task.train_batch(step, 3, seed=6)
    assert all(same(a, task.train_batch(step, 3, seed=5)) for a, step in zip(first, (0, 1, 7), strict=True))
    assert not same(first[0], first[1])


def test_batches_have_the_shapes_of_the_signature(task):
    signature = task.signature
    for batch in (task.train_batch(0, 3, seed=0), next(task.batches("validation", 3)), next(task.batches("test", 3))):
        assert batch.size == 3
        if signature.embedding_size is None:
            assert batch.inputs.dtype == torch.float32
            assert batch.inputs.shape == (signature.length, 3, signature.input_size)
        else:
            assert batch.inputs.dtype == torch.int64
            assert batch.inputs.shape == (signature.length, 3)
            assert 0 <= batch.inputs.min() <= batch.inputs.max() < signature.input_size
        if batch.targets.dtype == torch.int64:
            assert batch.targets.shape == ((signature.length, 3) if signature.every_step else (3,))
            assert batch.targets.max() < signature.output_size
        else:
            assert batch.targets.dtype == torch.float32
            assert batch.targets.shape == (3, signature.output_size)


def test_losses_and_scores_are_one_number_a_sequence_and_losses_have_a_gradient(task):
    signature = task.signature
    batch = task.train_batch(0, 3, seed=0)
    shape = (signature.length, 3, signature.output_size) if signature.every_step else (3, signature.output_size)
    outputs = torch.randn(shape, requires_grad=True)
    losses, scores = task.losses(outputs, batch.targets), task.scores(outputs, batch.targets)
    assert losses.shape == scores.shape == (3,)
    assert not scores.requires_grad
    (gradient,) = torch.autograd.grad(losses[1], outputs)
    assert gradient[..., 1, :].any()
    assert not gradient[..., [0, 2], :].any()  # a sequence's own loss
    assert isinstance(task.metric_value(losses.mean().item(), scores.mean().item()), float)


def test_validation_and_test_do_not_change_between_passes_or_after_training(task):
    for split in ("validation", "test"):
        before = list(task.batches(split, 200))
        task.train_batch(3, 3, seed=9)
        after = list(task.batches(split, 200))
        assert len(before) == len(after)
        assert all(map(same, before, after))
        assert sum(map(task.weight, before)) > 0


def test_a_batch_larger_than_the_data_is_refused_unless_the_data_has_no_end(task):
    if task.updates_per_epoch(1) is None:
        assert task.train_batch(0, 5_000, seed=0).size == 5_000
        return
    with pytest.raises(InputError, match=r"train.batch_size=100000: .* only"):
        task.train_batch(0, 100_000, seed=0)


def test_every_task_says_how_it_is_judged(task):
    assert task.metric.mode in ("min", "max")
    assert task.baseline is not None
    assert task.baseline.value > 0


def test_a_task_says_whether_its_evaluation_batches_continue_each_other(task):
    assert task.evaluation_continues == any(batch.continues for batch in task.batches("validation", 2))

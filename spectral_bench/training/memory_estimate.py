"""How much memory a training will take, before it starts."""

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from spectral_bench.nn.model import Model, Signature, TraceAxis
from spectral_bench.tasks.task import Batch

#: Copies of every weight: itself, its gradient, two moments of Adam, and the best weights so far.
_WEIGHT_COPIES = 5

#: Copies of every output: itself, its log-probabilities and their gradient.
_OUTPUT_COPIES = 3


def estimate_memory(model: Model, signature: Signature, batch: Batch, evaluation_batch_size: int) -> int:
    """Bytes a training holds at its peak, beside the program itself and the data set.

    Args:
        model: what it keeps for its backward pass is measured on a few sequences, over time on a few of their steps.
        signature: of the task.
        batch: one training batch.
        evaluation_batch_size: sequences per batch in evaluation, which keeps states only.
    """
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    steps, samples = batch.inputs.shape[:2]
    predictions = steps if signature.every_step or signature.unequal_lengths else 1
    outputs = predictions * signature.output_size * 4
    inputs = batch.inputs.numel() // samples * batch.inputs.element_size()
    kept = _kept_by_a_sequence(model, batch.inputs)
    training = samples * (kept + _OUTPUT_COPIES * outputs + inputs)
    floats = model.evaluation_floats(steps)
    evaluation = evaluation_batch_size * ((kept if floats is None else 4 * floats) + outputs + inputs)
    return _WEIGHT_COPIES * weights + max(training, evaluation)


def _kept_by_a_sequence(model: Model, inputs: Tensor) -> int:
    """Bytes kept for the backward pass by one sequence; over time what two steps more add, for every step.

    Of two sequences or more, for a model may normalise over its batch; by differences, for the weights are kept once.
    """
    four = inputs[:, torch.arange(4) % inputs.shape[1]]
    if len(inputs) < 4 or model.facts().trace_axis is TraceAxis.depth:
        return (_kept(model, four) - _kept(model, four[:, :2])) // 2
    return len(inputs) * ((_kept(model, four[:4, :2]) - _kept(model, four[:2, :2])) // (2 * 2))


def _kept(model: Model, inputs: Tensor) -> int:
    storages: dict[int, int] = {}

    def note(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return kept

    with saved_tensors_hooks(note, lambda kept: kept), torch.enable_grad():
        outputs, _ = model(inputs)
    del outputs
    return sum(storages.values())

"""How much memory a training will take, before it starts."""

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.tasks.task import Batch, Signature

#: Copies of every weight: itself, its gradient, two moments of Adam, and the best weights so far.
_WEIGHT_COPIES = 5

#: Copies of every output: itself, its log-probabilities and their gradient.
_OUTPUT_COPIES = 3


def estimate_memory(model: SequenceModel, signature: Signature, batch: Batch, evaluation_batch_size: int) -> int:
    """Peak memory of a training in bytes, without the program itself and the data set.

    Args:
        model: its memory for the backward pass is measured on a few time steps.
        signature: of the task.
        batch: one training batch.
        evaluation_batch_size: sequences per batch in evaluation, which keeps states only.
    """
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    steps, samples = batch.inputs.shape[:2]
    predictions = steps if signature.every_step else 1
    outputs = predictions * signature.output_size * 4
    inputs = batch.inputs.numel() // samples * batch.inputs.element_size()
    training = samples * (_kept_per_step(model, batch.inputs) * steps + _OUTPUT_COPIES * outputs + inputs)
    states = steps * model.hidden_size * 4 * min(model.num_layers, 2)
    evaluation = evaluation_batch_size * (states + outputs + inputs)
    return _WEIGHT_COPIES * weights + max(training, evaluation)


def _kept_per_step(model: SequenceModel, inputs: Tensor) -> int:
    """Bytes kept for the backward pass per sequence and time step, from the difference that two more steps make."""
    if len(inputs) < 4:
        return _kept(model, inputs[:, :1]) // len(inputs)
    return (_kept(model, inputs[:4, :1]) - _kept(model, inputs[:2, :1])) // 2


def _kept(model: SequenceModel, inputs: Tensor) -> int:
    storages: dict[int, int] = {}

    def note(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return kept

    with saved_tensors_hooks(note, lambda kept: kept), torch.enable_grad():
        outputs, _ = model(inputs)
    del outputs
    return sum(storages.values())

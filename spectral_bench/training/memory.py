"""How much memory a training will take, before it starts."""

from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.tasks.base import Batch, Signature

#: Copies of every weight: itself, its gradient, two moments of Adam, and the best weights so far.
_WEIGHT_COPIES = 5

#: Copies of every hidden state: itself and the gradients that flow back through it.
_STATE_COPIES = 2

#: Copies of every output: itself, its log-probabilities and their gradient.
_OUTPUT_COPIES = 3


def estimate_memory(model: SequenceModel, signature: Signature, batch: Batch) -> int:
    """Bytes a training holds at its peak, beside the program itself and the data set: an estimate from sizes alone.

    Args:
        model: its weights are counted, and its hidden states for every layer.
        signature: of the task.
        batch: one training batch.
    """
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    steps, samples = batch.inputs.shape[:2]
    states = model.num_layers * steps * samples * model.hidden_size * 4
    predictions = steps if signature.every_step else 1
    outputs = predictions * samples * signature.output_size * 4
    inputs = batch.inputs.numel() * batch.inputs.element_size()
    return _WEIGHT_COPIES * weights + _STATE_COPIES * states + _OUTPUT_COPIES * outputs + inputs

"""LSTM and GRU by cuDNN: on an NVIDIA GPU, where no norms are traced, PyTorch's own are many times as fast as ours.

A launch for each operation of a time step takes longer than the operation; cuDNN needs few. It says nothing of the
gradients on their way back, so a traced step is our kernel's.

Axes: T time, B batch, D input, N hidden.
"""

import torch
from torch import Tensor

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.torch_internals import operations_are_watched, transformations_are_active


def keep_float32() -> None:
    """Let cuDNN multiply in float32, for as long as this process lives.

    PyTorch lets it round to the ten bits of TF32, in convolutions and recurrences, where its matrix products are exact:
    LSTM and GRU would be computed less exactly than every other model.
    """
    torch.backends.cudnn.allow_tf32 = False  # the new names, for recurrences alone, make the old ones raise


def leaves_to_cudnn(like: Tensor, trace: GradientTrace | None) -> bool:
    """Whether a gated recurrence is cuDNN's to run, for tensors of the type and on the device of ``like``.

    Compilers, ``torch.export`` and ``torch.func`` see our operators, on a GPU as well.
    """
    acceptable = torch.backends.cudnn.is_acceptable(like)  # type: ignore[no-untyped-call]
    if trace is not None or not acceptable:
        return False
    return not (torch.compiler.is_compiling() or operations_are_watched() or transformations_are_active())


def lstm_by_pytorch(
    x_TBD: Tensor, h0_BN: Tensor, c0_BN: Tensor, input_weight: Tensor, hidden_weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """As ``kernels.lstm.lstm``."""
    n = h0_BN.shape[1]
    # Our rows are o, i, f, g, and PyTorch's i, f, g, o.
    weights = [tensor.roll(-n, 0) for tensor in (input_weight, hidden_weight, bias)]
    weights = _side_by_side([*weights, torch.zeros_like(bias)])
    state = (h0_BN.unsqueeze(0).contiguous(), c0_BN.unsqueeze(0).contiguous())
    with without_autocast(bias):
        states_TBN, h_1BN, c_1BN = torch.lstm(x_TBD, state, weights, *_one_layer())
    return states_TBN, h_1BN[0], c_1BN[0]


def gru_by_pytorch(
    x_TBD: Tensor, h0_BN: Tensor, input_weight: Tensor, hidden_weight: Tensor, bias: Tensor, candidate_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """As ``kernels.gru.gru``."""
    of_hidden = torch.cat([bias.new_zeros(2 * h0_BN.shape[1]), candidate_bias])
    weights = _side_by_side([input_weight, hidden_weight, bias, of_hidden])
    with without_autocast(bias):
        states_TBN, h_1BN = torch.gru(x_TBD, h0_BN.unsqueeze(0).contiguous(), weights, *_one_layer())
    return states_TBN, h_1BN[0]


def _one_layer() -> tuple[bool, int, float, bool, bool, bool]:
    """With biases, one layer, no dropout, differentiable or not, in one direction, time first."""
    return True, 1, 0.0, torch.is_grad_enabled(), False, False


def _side_by_side(weights: list[Tensor]) -> list[Tensor]:
    """The weights in one piece of memory, as cuDNN reads them: elsewhere PyTorch would warn, and copy them so."""
    flat = torch.cat([weight.flatten() for weight in weights])
    pieces = torch.split(flat, [weight.numel() for weight in weights])
    return [piece.view(weight.shape) for piece, weight in zip(pieces, weights, strict=True)]

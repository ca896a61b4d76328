"""The way back: a trained ``SpectralRNN`` as ``torch.nn.RNN``, which ONNX and other tools know."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from spectral_bench.nn.activations import Activation, ActivationName
from spectral_bench.nn.recurrent import RecurrentLayer


class TwoSidedRNN(nn.Module):
    """Leaky ReLU on ``torch.nn.RNN``, exactly: with ReLU, of twice the units.

    The units hold both sides of a pre-activation a, p = max(a, 0) and q = max(−a, 0), and the state is h = p − leak·q.
    With W (p − leak·q) in the place of W h, the recurrence is one of p and q alone. A leak of 1 is the identity.

    Args:
        rnn: of 2N units, [p, q].
        leak: slope for negative values.
    """

    def __init__(self, rnn: nn.RNN, leak: float) -> None:
        super().__init__()
        self.rnn, self.leak = rnn, leak

    def forward(
        self,
        input: Tensor | PackedSequence,  # noqa: A002 (the word of torch.nn.RNN)
        hx: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Shapes are those of ``torch.nn.RNN`` with N units."""
        if hx is not None:  # p need not be positive where the recurrence begins
            hx = torch.cat((hx, torch.zeros_like(hx)), dim=-1)
        output, h_n = self.rnn(input, hx)
        if isinstance(output, PackedSequence):
            return output._replace(data=self._joined(output.data)), self._joined(h_n)
        return self._joined(output), self._joined(h_n)

    def _joined(self, sides: Tensor) -> Tensor:
        """Of one direction or both, which lie side by side in outputs."""
        p, q = torch.unflatten(sides, -1, (-1, 2, self.rnn.hidden_size // 2)).unbind(-2)
        return (p - self.leak * q).flatten(-2)


@torch.no_grad()
def plain_rnn(
    layers: list[RecurrentLayer], *, batch_first: bool, dropout: float, bidirectional: bool = False
) -> nn.RNN | TwoSidedRNN:
    """Layers of one hidden size and activation as ``torch.nn.RNN``; the result shares nothing with them.

    Args:
        layers: bottom first; of a bidirectional network both directions of a layer, one after the other.
        batch_first: of the result.
        dropout: of the result.
        bidirectional: of the result.

    Raises:
        ValueError: the activation is modReLU, or an initial state has been trained: ``torch.nn.RNN`` has none of these.
    """
    first, directions = layers[0], 1 + bidirectional
    if any(layer.h0 is not None and bool(layer.h0.any()) for layer in layers):
        raise ValueError("torch.nn.RNN has no initial state of its own: make this one zero, and pass it as hx")
    leak = _leak(first.activation)
    like = first.input_weight
    sides = like.new_ones(1, 1) if leak is None else like.new_tensor([[1.0, -leak], [-1.0, leak]])
    rnn = nn.RNN(
        first.input_size,
        first.hidden_size * len(sides),
        len(layers) // directions,
        nonlinearity="tanh" if first.activation.name == ActivationName.tanh else "relu",
        bias=first.bias is not None,
        batch_first=batch_first,
        dropout=dropout,
        bidirectional=bidirectional,
        device=first.input_weight.device,
        dtype=first.input_weight.dtype,
    )
    for place, layer in enumerate(layers):
        index, is_reverse = divmod(place, directions)
        name = f"l{index}_reverse" if is_reverse else f"l{index}"
        rnn.get_parameter(f"weight_hh_{name}").copy_(torch.kron(sides, layer.transition.weight()))
        from_below = [layer.input_weight] if index == 0 else layer.input_weight.chunk(directions, dim=1)
        both_sides = [torch.kron(sides if index else sides[:, :1], weight) for weight in from_below]
        rnn.get_parameter(f"weight_ih_{name}").copy_(torch.cat(both_sides, dim=1))
        if layer.bias is not None:
            rnn.get_parameter(f"bias_ih_{name}").copy_(torch.kron(sides[:, 0], layer.bias))
            rnn.get_parameter(f"bias_hh_{name}").zero_()
    return rnn if leak is None else TwoSidedRNN(rnn, leak)


def _leak(activation: Activation) -> float | None:
    """The slope for negative values, where ``torch.nn.RNN`` needs both sides to have it; None where it does not."""
    match activation.name:
        case ActivationName.tanh | ActivationName.relu:
            return None
        case ActivationName.leaky_relu:
            return activation.leak
        case ActivationName.identity:
            return 1.0
    raise ValueError(f"torch.nn.RNN cannot compute the activation '{activation.name}'")

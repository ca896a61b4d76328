"""The way back: a trained ``SpectralRNN`` as ``torch.nn.RNN``, which ONNX and other tools know."""

import torch
from torch import Tensor, nn

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
        input: Tensor,  # noqa: A002 (the word of torch.nn.RNN)
        hx: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Shapes are those of ``torch.nn.RNN`` with N units."""
        if hx is not None:  # p need not be positive where the recurrence begins
            hx = torch.cat((hx, torch.zeros_like(hx)), dim=-1)
        output, h_n = self.rnn(input, hx)
        return self._joined(output), self._joined(h_n)

    def _joined(self, sides: Tensor) -> Tensor:
        p, q = sides.chunk(2, dim=-1)
        return p - self.leak * q


@torch.no_grad()
def plain_rnn(layers: list[RecurrentLayer], *, batch_first: bool, dropout: float) -> nn.RNN | TwoSidedRNN:
    """Layers of one hidden size and activation as ``torch.nn.RNN``; the result shares nothing with them.

    Raises:
        ValueError: the activation is modReLU, or an initial state has been trained: ``torch.nn.RNN`` has none of these.
    """
    first = layers[0]
    if any(layer.h0 is not None and bool(layer.h0.any()) for layer in layers):
        raise ValueError("torch.nn.RNN has no initial state of its own: make this one zero, and pass it as hx")
    leak = _leak(first.activation)
    sides = torch.ones(1, 1) if leak is None else torch.tensor([[1.0, -leak], [-1.0, leak]])
    sides = sides.to(first.input_weight)
    rnn = nn.RNN(
        first.input_size,
        first.hidden_size * len(sides),
        len(layers),
        nonlinearity="tanh" if first.activation.name == ActivationName.tanh else "relu",
        bias=first.bias is not None,
        batch_first=batch_first,
        dropout=dropout,
        device=first.input_weight.device,
        dtype=first.input_weight.dtype,
    )
    for index, layer in enumerate(layers):
        rnn.get_parameter(f"weight_hh_l{index}").copy_(torch.kron(sides, layer.transition.weight()))
        from_below = sides[:, :1] if index == 0 else sides
        rnn.get_parameter(f"weight_ih_l{index}").copy_(torch.kron(from_below, layer.input_weight))
        if layer.bias is not None:
            rnn.get_parameter(f"bias_ih_l{index}").copy_(torch.kron(sides[:, 0], layer.bias))
            rnn.get_parameter(f"bias_hh_l{index}").zero_()
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

"""The layers of a deep network one after the other, differentiated by autograd.

Axes: B batch, N hidden, L layers.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace, trace_states, watched
from spectral_bench.nn.kernels.operators import Operator, apply

#: Layers of a residual branch.
BRANCH = 2


def layer_by_layer(
    h0_BN: Tensor,
    operators: Sequence[Operator],
    biases_LN: Tensor,
    activations: Sequence[Callable[[Tensor], Tensor]],
    *,
    residual: bool,
    trace: GradientTrace | None = None,
) -> Tensor:
    """Run all layers.

    Args:
        h0_BN: what the first of them reads.
        operators: W_1 to W_L.
        biases_LN: b_1 to b_L.
        activations: φ of every layer: h_l = φ(W_l h_{l-1} + b_l).
        residual: every two layers are a block instead, h' = h + W_2 φ(W_1 h + b_1) + b_2, with an activation each.
        trace: where the backward pass writes the norms of the gradients of h_0 and of the states after every layer, or
            block.

    Returns:
        The last state, shape (B, N).
    """
    h_BN = h0_BN if trace is None else watched(h0_BN)
    visited = [(h_BN,)]
    layers = list(zip(operators, biases_LN.unbind(), strict=True))
    if residual:
        for activation, enter, leave in zip(activations, layers[::BRANCH], layers[1::BRANCH], strict=True):
            h_BN = h_BN + _affine(leave, activation(_affine(enter, h_BN)))
            visited.append((h_BN,))
    else:
        for activation, layer in zip(activations, layers, strict=True):
            h_BN = activation(_affine(layer, h_BN))
            visited.append((h_BN,))
    if trace is not None:
        trace_states(trace, 0, visited)
    return h_BN


def _affine(layer: tuple[Operator, Tensor], h_BN: Tensor) -> Tensor:
    operator, bias_N = layer
    return apply(operator, h_BN, bias_N)

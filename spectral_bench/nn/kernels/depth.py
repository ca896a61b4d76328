"""The layers of a deep network whose matrices are diagonal plus low rank, with backpropagation by hand.

As a recurrence (``recurrence.py``) whose matrix is another at every step, and which reads nothing on its way. A layer
is three operations and φ. With g_l = ∂L/∂h_l, total, and a_l = φ'(h_l)∘g_l,

    W_lᵀ = diag(σ_l) + L_l R_l,   g_{l-1} = a_l W_l = a_l ∘ σ_l + p_l L_lᵀ,   p_l = a_l R_lᵀ,
    ∂L/∂L_l = h_{l-1}ᵀ p_l,   ∂L/∂R_l = (h_{l-1} L_l)ᵀ a_l,   ∂L/∂σ_l = Σ_batch a_l ∘ h_{l-1},

all of it layer by layer, while what belongs to a layer is in cache. Of a residual block, which is
h' = h + W_2 φ(W_1 h + b_1) + b_2, the second layer has φ' = 1, and what it is given goes to h as well.

Axes: L layers, B batch, N hidden, M inner width.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from spectral_bench.linalg.autocast import without_autocast
from spectral_bench.nn.activations import Activation
from spectral_bench.nn.gradient_trace import GradientTrace, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.gradients_by_operations import gradients_by_operations, wants_operations
from spectral_bench.nn.kernels.layer_loop import BRANCH, layer_by_layer
from spectral_bench.nn.kernels.operators import LowRank
from spectral_bench.nn.torch_internals import has_values


def low_rank_layers(
    h0_BN: Tensor,
    biases_LN: Tensor,
    sigma_LN: Tensor,
    left_LMN: Tensor,
    right_LMN: Tensor,
    activation: Activation,
    *,
    residual: bool,
    trace: GradientTrace | None = None,
) -> Tensor:
    """What ``layer_by_layer`` computes, twice differentiable.

    Args:
        h0_BN: what the first layer reads.
        biases_LN: b.
        sigma_LN: the diagonals of W.
        left_LMN: Lᵀ.
        right_LMN: R.
        activation: φ of all layers, without parameters.
        residual: whether every two layers are a block, as in ``layer_by_layer``.
        trace: where the backward pass writes norms, as there.

    Returns:
        The last state, shape (B, N).
    """
    last_BN: Tensor = _LowRankLayers.apply(  # type: ignore[no-untyped-call]
        h0_BN, biases_LN, sigma_LN, left_LMN, right_LMN, activation, residual, trace
    )
    return last_BN


class _LowRankLayers(Function):
    """All layers, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any,
        h0_BN: Tensor,
        biases_LN: Tensor,
        sigma_LN: Tensor,
        left_LMN: Tensor,
        right_LMN: Tensor,
        activation: Activation,
        residual: bool,
        trace: GradientTrace | None,
    ) -> Tensor:
        depth, width, _ = left_LMN.shape
        states = buffers.sequence((depth + 1, *h0_BN.shape), h0_BN)
        states[0] = h0_BN
        inner_LBM = buffers.sequence((depth, len(h0_BN), width), h0_BN)

        visited = states.unbind()
        layers = zip(
            *(tensor.unbind() for tensor in (biases_LN, sigma_LN, left_LMN.mT, right_LMN, inner_LBM)), strict=True
        )
        for layer, (bias_N, sigma_N, left_NM, right_MN, inner_BM) in enumerate(layers):
            before_BN, h_BN = visited[layer : layer + 2]
            torch.mm(before_BN, left_NM, out=inner_BM)
            torch.addcmul(bias_N, before_BN, sigma_N, out=h_BN)
            h_BN.addmm_(inner_BM, right_MN)
            if residual and layer % BRANCH:
                h_BN.add_(visited[layer - 1])
            else:
                activation.apply_(h_BN)
        ctx.activation, ctx.residual, ctx.trace = activation, residual, trace
        ctx.save_for_backward(h0_BN, biases_LN, sigma_LN, left_LMN, right_LMN, states, inner_LBM)
        return visited[-1].clone()

    @staticmethod
    def backward(ctx: Any, gradient_BN: Tensor) -> tuple[Tensor | None, ...]:
        *arguments, states, inner_LBM = ctx.saved_tensors
        found: tuple[Tensor | None, ...] = ()
        by_operations = wants_operations(gradient_BN)
        with without_autocast(states):
            if not by_operations or (ctx.trace is not None and has_values(gradient_BN)):
                with torch.no_grad():
                    found = _pull_back(ctx, gradient_BN, arguments[2:], states, inner_LBM)
            if by_operations:
                by_autograd = partial(_by_autograd, ctx.activation, ctx.residual)
                found = gradients_by_operations(by_autograd, arguments, gradient_BN)
        return *found, None, None, None


def _by_autograd(
    activation: Activation,
    residual: bool,
    h0_BN: Tensor,
    biases_LN: Tensor,
    sigma_LN: Tensor,
    left_LMN: Tensor,
    right_LMN: Tensor,
) -> Tensor:
    operators = [LowRank(*of_layer) for of_layer in zip(sigma_LN, left_LMN.mT, right_LMN, strict=True)]
    activations = [activation] * (len(operators) // BRANCH if residual else len(operators))
    return layer_by_layer(h0_BN, operators, biases_LN, activations, residual=residual)


def _pull_back(
    ctx: Any,
    gradient_BN: Tensor,
    factors: Sequence[Tensor],
    states: Tensor,
    inner_LBM: Tensor,
) -> tuple[Tensor | None, ...]:
    """The gradients of the five tensors, given that of the last state, None for matrices if none trains.

    Writes the trace.
    """
    sigma_LN, left_LMN, right_LMN = factors
    matrices_train = any(ctx.needs_input_grad[2:])
    depth, shape = len(sigma_LN), states[:-1].shape
    gradients = [torch.empty_like(tensor) for tensor in (sigma_LN, sigma_LN, left_LMN, right_LMN)]
    # g before every layer: a trace takes the norms of all of them, at the end.
    g_LBN = buffers.overwritten(shape, states) if ctx.trace is None else buffers.sequence(shape, states)
    a_BN, above_BN, terms_BN = (torch.empty_like(gradient_BN) for _ in range(3))
    pulled_BM = torch.empty_like(inner_LBM[0])

    previous, after = states[:-1].unbind(), states[1:].unbind()
    of_layer = list(
        zip(*(tensor.unbind() for tensor in (sigma_LN, left_LMN, right_LMN, inner_LBM, g_LBN)), strict=True)
    )
    results = list(zip(*(gradient.unbind() for gradient in gradients), strict=True))
    g_BN = gradient_BN
    for layer in reversed(range(depth)):
        sigma_N, left_MN, right_MN, inner_BM, before_BN = of_layer[layer]
        ends_block = ctx.residual and layer % BRANCH
        if ends_block:
            above_BN.copy_(g_BN)
            a_BN.copy_(g_BN)
        else:
            ctx.activation.pull_back(g_BN, after[layer], a_BN)
        torch.mm(a_BN, right_MN.t(), out=pulled_BM)
        torch.mul(a_BN, sigma_N, out=before_BN)
        g_BN = before_BN.addmm_(pulled_BM, left_MN)
        if ctx.residual and not ends_block:
            g_BN.add_(above_BN)

        of_bias_N, of_sigma_N, of_left_MN, of_right_MN = results[layer]
        torch.sum(a_BN, 0, out=of_bias_N)
        if not matrices_train:
            continue
        torch.sum(torch.mul(a_BN, previous[layer], out=terms_BN), 0, out=of_sigma_N)
        torch.mm(pulled_BM.t(), previous[layer], out=of_left_MN)
        torch.mm(inner_BM.t(), a_BN, out=of_right_MN)
    if ctx.trace is not None:
        ctx.trace.norms[0] = _norms(gradient_BN, g_LBN[:: BRANCH if ctx.residual else 1])
    of_biases, *of_matrices = gradients
    return g_BN, of_biases, *(of_matrices if matrices_train else [None] * len(of_matrices))


def _norms(last_BN: Tensor, before: Tensor) -> Tensor:
    """Those of all traced gradients, shape (states, B)."""
    norms = before.new_empty(len(before) + 1, len(last_BN))
    write_norms(norms[:-1], before)
    write_norms(norms[-1], last_BN)
    return norms

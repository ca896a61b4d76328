"""h_t = φ(W h_{t-1} + M x_t + b) over a whole sequence, with backpropagation through time by hand.

Forward, a chunk of time steps at a time: the inputs of the chunk in one product, written where its states will be; then
step by step, in place. Backward, the same chunks from the end: φ' for the whole chunk; the recurrence step by step, in
working buffers that stay in cache; then the chunk's share of the weights' gradients, as a few large products. Nothing
as long as the sequence is kept but the states (and h L for the low-rank form): φ' is read off the states.

With g_t = ∂L/∂h_t, total, and a_t = φ'(h_t)∘g_t:   g_{t-1} = a_t W + direct_{t-1},   ∂L/∂W = Σ_t a_tᵀ h_{t-1},
where direct_t is the part of g_t that does not come through h_{t+1}.

Axes: T time, K time steps of a chunk, B batch, D input, N hidden.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from spectral_bench.nn.activations import Activation
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.checks import check, no_second_derivative, outside_autocast
from spectral_bench.nn.kernels.forms import form_of
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator, expected_shapes, inner_width
from spectral_bench.nn.kernels.pointwise import pointwise
from spectral_bench.nn.kernels.through_time import InputGradients, direct_gradients, previous_states
from spectral_bench.nn.trace import GradientTrace, write_norms


def recurrence(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    operator: Operator,
    activation: Activation,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Run the recurrence; differentiable once in every tensor, those of the operator and the activation included.

    Args:
        x_TBD: inputs, T >= 1.
        h0_BN: the initial state.
        input_weight_ND: M.
        bias_N: b.
        operator: W.
        activation: φ.
        trace: where the backward pass writes ‖∂L/∂h_t‖, t = 0..T.
        index: the layer's number in the trace.

    Returns:
        The states h_1..h_T, shape (T, B, N), and a copy of h_T. A loss that needs only h_T should take the copy: no
        gradient as long as the sequence is formed then.

    Raises:
        ValueError: shapes or types do not fit.
    """
    x_TBD, h0_BN = outside_autocast(bias_N, x_TBD, h0_BN)
    n = bias_N.shape[0]
    check(
        x_TBD,
        {
            "h0": (h0_BN, (x_TBD.shape[1], n)),
            "input_weight": (input_weight_ND, (n, x_TBD.shape[2])),
            "bias": (bias_N, (n,)),
            **({} if activation.bias is None else {"activation.bias": (activation.bias, (n,))}),
            **expected_shapes(operator, n),
        },
    )
    tensors = (x_TBD, h0_BN, input_weight_ND, bias_N, activation.bias, *operator)
    differentiable = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)
    settings = _Settings(type(operator), activation, differentiable, trace, index)
    states_TBN, last_BN = _Recurrence.apply(settings, *tensors)  # type: ignore[no-untyped-call]
    return states_TBN, last_BN


class _Settings(NamedTuple):
    operator_type: type[Dense] | type[LowRank]
    activation: Activation
    differentiable: bool
    trace: GradientTrace | None
    layer: int


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, settings: _Settings, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        x_TBD, h0_BN, input_weight_ND, bias_N, _, *operator_tensors = tensors
        operator = settings.operator_type(*operator_tensors)
        (num_steps, batch_size, _), hidden_size = x_TBD.shape, bias_N.shape[0]
        apply_ = pointwise(settings.activation).apply_

        states_TBN = buffers.sequence((num_steps, batch_size, hidden_size), bias_N)
        remember = buffers.sequence if settings.differentiable else buffers.overwritten
        inner_TBM = remember((num_steps, batch_size, inner_width(operator)), bias_N)
        form = form_of(operator, inner_TBM)
        states, h_BN = states_TBN.unbind(), h0_BN
        for first, last in buffers.chunks(num_steps, batch_size, hidden_size):
            pre_of_chunk = states_TBN[first:last].flatten(0, 1)
            torch.addmm(bias_N, x_TBD[first:last].flatten(0, 1), input_weight_ND.t(), out=pre_of_chunk)
            for t in range(first, last):
                pre_BN = states[t]
                form.add_(pre_BN, h_BN, t)
                apply_(pre_BN)
                h_BN = pre_BN

        ctx.settings = settings
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x_TBD, h0_BN, input_weight_ND, states_TBN, inner_TBM, *operator)
        return states_TBN, h_BN.clone()

    @staticmethod
    @no_second_derivative
    def backward(ctx: Any, grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None) -> tuple[Tensor | None, ...]:
        x_TBD, h0_BN, input_weight_ND, states_TBN, inner_TBM, *operator_tensors = ctx.saved_tensors
        settings: _Settings = ctx.settings
        _, needs_x, needs_h0, needs_input_weight, needs_bias, needs_activation, *needs_operator = ctx.needs_input_grad
        num_steps, batch_size, hidden_size = states_TBN.shape
        chunks = buffers.chunks(num_steps, batch_size, hidden_size)
        shape_of_chunk = (chunks[0][1], batch_size, hidden_size)
        slope = pointwise(settings.activation).slope
        form = form_of(settings.operator_type(*operator_tensors), inner_TBM)
        form.begin_backward(shape_of_chunk[0])

        # Of a chunk: g before each step, which nobody but a trace needs beyond the next one; and φ', made a in place.
        g_KBN = (buffers.overwritten if settings.trace is None else buffers.sequence)(shape_of_chunk, states_TBN)
        a_KBN = buffers.sequence(shape_of_chunk, states_TBN)
        g, a = g_KBN.unbind(), a_KBN.unbind()

        direct, gradient_BN = direct_gradients(grad_states_TBN, grad_last_BN, states_TBN)
        norms_TB = None if settings.trace is None else settings.trace.begin(settings.layer, gradient_BN, num_steps)
        of_inputs = InputGradients(x_TBD, input_weight_ND, (needs_x, needs_input_weight, needs_bias))
        grad_activation_N = states_TBN.new_zeros(hidden_size)
        for first, last in reversed(chunks):
            size = last - first
            slope(states_TBN[first:last], a_KBN[:size])
            for k in reversed(range(size)):
                a[k].mul_(gradient_BN)
                form.pull_back(a[k], direct[first + k], g[k], k)
                gradient_BN = g[k]

            rows = a_KBN[:size].flatten(0, 1)
            if norms_TB is not None:
                write_norms(g_KBN[:size], norms_TB[first:last])
            of_inputs.add(rows, first, last)
            if any(needs_operator):
                form.accumulate(previous_states(h0_BN, states_TBN, first, last), a_KBN[:size], first)
            if needs_activation:
                grad_activation_N.add_((rows * states_TBN[first:last].flatten(0, 1).sign()).sum(0))

        grad_x_TBD, grad_input_weight_ND, grad_bias_N = of_inputs.results
        return (
            None,
            grad_x_TBD,
            gradient_BN if needs_h0 else None,
            grad_input_weight_ND,
            grad_bias_N,
            grad_activation_N if needs_activation else None,
            *(grad if needed else None for grad, needed in zip(form.gradients, needs_operator, strict=True)),
        )

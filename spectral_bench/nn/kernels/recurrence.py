"""h_t = φ(W h_{t-1} + M x_t + b) over a whole sequence, with backpropagation through time by hand.

Forward, a chunk of time steps at a time, every state written where it will stay (``forms.py`` has the products).
Backward, the same chunks from the end: φ' for the whole chunk; the recurrence step by step, in working buffers that
stay in cache; then the chunk's share of the weights' gradients, as a few large products. Nothing as long as the
sequence is kept but the states, and what the low-rank form remembers of a step: φ' is read off the states.

With g_t = ∂L/∂h_t, total, and a_t = φ'(h_t)∘g_t:   g_{t-1} = a_t W + direct_{t-1},   ∂L/∂W = Σ_t a_tᵀ h_{t-1},
where direct_t is the part of g_t that does not come through h_{t+1}.

Axes: T time, K time steps of a chunk, B batch, D input, N hidden.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from spectral_bench.nn.activations import Activation
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments, no_second_derivative, outside_autocast
from spectral_bench.nn.kernels.fused import form_of
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator, expected_shapes
from spectral_bench.nn.kernels.through_time import InputGradients, gradient_of_last, previous_states
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
    check_arguments(
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
        (num_steps, batch_size, _), hidden_size = x_TBD.shape, bias_N.shape[0]
        chunks = buffers.chunks(num_steps, batch_size, hidden_size, on_gpu=bias_N.is_cuda)
        form = form_of(settings.operator_type(*operator_tensors), input_weight_ND, bias_N, settings.activation)
        apply_ = settings.activation.apply_

        states_TBN = buffers.sequence((num_steps, batch_size, hidden_size), bias_N)
        kept_steps = num_steps if settings.differentiable else chunks[0][1]
        remembered_TBE = buffers.sequence((kept_steps, batch_size, form.remembered), bias_N)
        h_BN = h0_BN
        for first, last in chunks:
            kept = slice(first, last) if settings.differentiable else slice(last - first)
            h_BN = form.run(x_TBD[first:last], h_BN, states_TBN[first:last], remembered_TBE[kept], apply_)

        ctx.settings = settings
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x_TBD, h0_BN, input_weight_ND, bias_N, states_TBN, remembered_TBE, *operator_tensors)
        return states_TBN, h_BN.clone()

    @staticmethod
    @no_second_derivative
    def backward(ctx: Any, grad_states_TBN: Tensor | None, grad_last_BN: Tensor | None) -> tuple[Tensor | None, ...]:
        x_TBD, h0_BN, input_weight_ND, bias_N, states_TBN, remembered_TBE, *operator_tensors = ctx.saved_tensors
        settings: _Settings = ctx.settings
        _, needs_x, needs_h0, needs_input_weight, needs_bias, needs_activation, *needs_operator = ctx.needs_input_grad
        num_steps, batch_size, hidden_size = states_TBN.shape
        chunks = buffers.chunks(num_steps, batch_size, hidden_size, on_gpu=bias_N.is_cuda)
        shape_of_chunk = (chunks[0][1], batch_size, hidden_size)
        slope = settings.activation.slope
        form = form_of(settings.operator_type(*operator_tensors), input_weight_ND, bias_N, settings.activation)
        form.begin_backward(shape_of_chunk[0], batch_size, needs_operator)

        # For a chunk: g before each step, needed by a trace only once the next step is done; and φ', made a in place.
        a_KBN = states_TBN.new_empty(shape_of_chunk)
        g_KBN = buffers.overwritten(shape_of_chunk, a_KBN) if settings.trace is None else torch.empty_like(a_KBN)

        gradient_BN = gradient_of_last(grad_states_TBN, grad_last_BN, states_TBN)
        norms_TB = None if settings.trace is None else settings.trace.begin(settings.layer, gradient_BN, num_steps)
        of_weights = (needs_input_weight, needs_bias)
        of_inputs = InputGradients(
            x_TBD, input_weight_ND, (needs_x, *((False, False) if form.takes_inputs else of_weights))
        )
        needs_form = any(needs_operator) or (form.takes_inputs and any(of_weights))
        grad_activation_N = states_TBN.new_zeros(hidden_size)
        for first, last in reversed(chunks):
            size = last - first
            slope(states_TBN[first:last], a_KBN[:size])
            # The direct part of g before a step belongs to the state before it; h_0 has none.
            direct_KBN = None if grad_states_TBN is None else grad_states_TBN[max(first - 1, 0) : last - 1]
            gradient_BN = form.run_back(gradient_BN, a_KBN[:size], g_KBN[:size], direct_KBN)

            rows = a_KBN[:size].flatten(0, 1)
            if norms_TB is not None:
                write_norms(g_KBN[:size], norms_TB[first:last])
            of_inputs.add(rows, first, last)
            if needs_form:
                previous_KBN = previous_states(h0_BN, states_TBN, first, last)
                form.accumulate(previous_KBN, a_KBN[:size], remembered_TBE[first:last])
            if needs_activation:
                grad_activation_N.add_((rows * states_TBN[first:last].flatten(0, 1).sign()).sum(0))

        grad_x_TBD, grad_input_weight_ND, grad_bias_N = of_inputs.results
        if form.takes_inputs:
            grad_input_weight_ND, grad_bias_N = form.input_gradients
        return (
            None,
            grad_x_TBD,
            gradient_BN if needs_h0 else None,
            grad_input_weight_ND if needs_input_weight else None,
            grad_bias_N if needs_bias else None,
            grad_activation_N if needs_activation else None,
            *(grad if needed else None for grad, needed in zip(form.gradients, needs_operator, strict=True)),
        )

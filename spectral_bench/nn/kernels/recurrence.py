"""h_t = φ(W h_{t-1} + M x_t + b) over a whole sequence, with backpropagation through time by hand.

Forward, a chunk of time steps at a time, every state written where it will stay (``forms.py`` has the products).
Backward, the same chunks from the end: φ' for the whole chunk; the recurrence step by step, in working buffers that
stay in cache; then the chunk's share of the weights' gradients, as a few large products. Nothing as long as the
sequence is kept but the states, and what the low-rank form remembers of a step: φ' is read off the states.

With g_t = ∂L/∂h_t, total, and a_t = φ'(h_t)∘g_t:   g_{t-1} = a_t W + direct_{t-1},   ∂L/∂W = Σ_t a_tᵀ h_{t-1},
where direct_t is the part of g_t that does not come through h_{t+1}.

Axes: T time, K time steps of a chunk, B batch, D input, N hidden.
"""

import torch
from torch import Tensor

from spectral_bench.nn.activations import Activation
from spectral_bench.nn.gradient_trace import GradientTrace, begin_norms, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments, or_empty, outside_autocast
from spectral_bench.nn.kernels.fused import form_of, takes_inputs
from spectral_bench.nn.kernels.library import Recurrence, custom_op
from spectral_bench.nn.kernels.operators import Operator, expected_shapes, inner_width, operator_of, tensors_of
from spectral_bench.nn.kernels.through_time import InputGradients, gradient_of_last, previous_states


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
    tensors = (x_TBD, h0_BN, input_weight_ND, bias_N, activation.bias, *tensors_of(operator))
    states_TBN, last_BN = _RECURRENCE(*tensors, str(activation.name), activation.leak, trace=trace, layer=index)
    return states_TBN, last_BN


@custom_op("recurrence")
def _forward(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    activation_bias_N: Tensor | None,
    diagonal_N: Tensor | None,
    left: Tensor,
    right_MN: Tensor | None,
    activation: str,
    leak: float,
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The states, a copy of h_T, and what the form remembers, shape (T, B, E)."""
    (num_steps, batch_size, _), hidden_size = x_TBD.shape, bias_N.shape[0]
    chunks = buffers.chunks(num_steps, batch_size, hidden_size, on_gpu=bias_N.is_cuda)
    pointwise = Activation.of(activation, leak, activation_bias_N)
    form = form_of(operator_of(diagonal_N, left, right_MN), input_weight_ND, bias_N, pointwise)

    states_TBN = buffers.sequence((num_steps, batch_size, hidden_size), bias_N)
    kept_steps = num_steps if differentiable else chunks[0][1]
    remembered_TBE = buffers.sequence((kept_steps, batch_size, form.remembered), bias_N)
    h_BN = h0_BN
    for first, last in chunks:
        kept = slice(first, last) if differentiable else slice(last - first)
        h_BN = form.run(x_TBD[first:last], h_BN, states_TBN[first:last], remembered_TBE[kept], pointwise.apply_)
    return states_TBN, h_BN.clone(), remembered_TBE if differentiable else bias_N.new_empty(0)


@_forward.register_fake
def _(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    activation_bias_N: Tensor | None,  # noqa: ARG001
    diagonal_N: Tensor | None,
    left: Tensor,
    right_MN: Tensor | None,
    activation: str,
    leak: float,  # noqa: ARG001
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    num_steps, batch_size, input_size = x_TBD.shape
    operator = operator_of(diagonal_N, left, right_MN)
    width = inner_width(operator) + (input_size + 1 if takes_inputs(operator, input_weight_ND, activation) else 0)
    return (
        bias_N.new_empty(num_steps, batch_size, bias_N.shape[0]),
        bias_N.new_empty(h0_BN.shape),
        bias_N.new_empty((num_steps, batch_size, width) if differentiable else 0),
    )


@custom_op("recurrence_backward")
def _backward(
    grad_states_TBN: Tensor | None,
    grad_last_BN: Tensor | None,
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    activation_bias_N: Tensor | None,
    diagonal_N: Tensor | None,
    left: Tensor,
    right_MN: Tensor | None,
    states_TBN: Tensor,
    remembered_TBE: Tensor,
    activation: str,
    leak: float,
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the eight tensors, and the norms."""
    needs_x, _, needs_input_weight, needs_bias, needs_activation, *needs_operator = needs
    num_steps, batch_size, hidden_size = states_TBN.shape
    chunks = buffers.chunks(num_steps, batch_size, hidden_size, on_gpu=bias_N.is_cuda)
    shape_of_chunk = (chunks[0][1], batch_size, hidden_size)
    pointwise = Activation.of(activation, leak, activation_bias_N)
    form = form_of(operator_of(diagonal_N, left, right_MN), input_weight_ND, bias_N, pointwise)
    if right_MN is None:
        needs_operator = needs_operator[1:2]
    form.begin_backward(shape_of_chunk[0], batch_size, needs_operator)

    # For a chunk: g before each step, needed by a trace only once the next step is done; and φ', made a in place.
    a_KBN = states_TBN.new_empty(shape_of_chunk)
    g_KBN = torch.empty_like(a_KBN) if traced else buffers.overwritten(shape_of_chunk, a_KBN)

    gradient_BN = gradient_of_last(grad_states_TBN, grad_last_BN, states_TBN)
    norms_TB = begin_norms(num_steps, gradient_BN) if traced else None
    of_weights = (needs_input_weight, needs_bias)
    of_inputs = InputGradients(
        x_TBD, input_weight_ND, (needs_x, *((False, False) if form.takes_inputs else of_weights))
    )
    needs_form = any(needs_operator) or (form.takes_inputs and any(of_weights))
    grad_activation_N = states_TBN.new_zeros(hidden_size)
    for first, last in reversed(chunks):
        size = last - first
        pointwise.slope(states_TBN[first:last], a_KBN[:size])
        # The direct part of g before a step belongs to the state before it; h_0 has none.
        direct_KBN = None if grad_states_TBN is None else grad_states_TBN[max(first - 1, 0) : last - 1]
        gradient_BN = form.run_back(gradient_BN, a_KBN[:size], g_KBN[:size], direct_KBN)

        rows = a_KBN[:size].flatten(0, 1)
        if norms_TB is not None:
            write_norms(norms_TB[first:last], g_KBN[:size])
        of_inputs.add(rows, first, last)
        if needs_form:
            previous_KBN = previous_states(h0_BN, states_TBN, first, last)
            form.accumulate(previous_KBN, a_KBN[:size], remembered_TBE[first:last])
        if needs_activation:
            grad_activation_N.add_((rows * states_TBN[first:last].flatten(0, 1).sign()).sum(0))

    grad_x_TBD, grad_input_weight_ND, grad_bias_N = of_inputs.results
    if form.takes_inputs:
        grad_input_weight_ND, grad_bias_N = form.input_gradients
    of_operator = form.gradients if right_MN is not None else (None, *form.gradients, None)
    found = (grad_x_TBD, gradient_BN, grad_input_weight_ND, grad_bias_N, grad_activation_N, *of_operator)
    wanted = (gradient if needed else None for gradient, needed in zip(found, needs, strict=True))
    x, h0, input_weight, bias, activation_bias, diagonal, left, right, norms = (
        or_empty(gradient, states_TBN) for gradient in (*wanted, norms_TB)
    )
    return x, h0, input_weight, bias, activation_bias, diagonal, left, right, norms


@_backward.register_fake
def _(
    grad_states_TBN: Tensor | None,  # noqa: ARG001
    grad_last_BN: Tensor | None,  # noqa: ARG001
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight_ND: Tensor,
    bias_N: Tensor,
    activation_bias_N: Tensor | None,  # noqa: ARG001
    diagonal_N: Tensor | None,
    left: Tensor,
    right_MN: Tensor | None,
    states_TBN: Tensor,
    remembered_TBE: Tensor,  # noqa: ARG001
    activation: str,
    leak: float,  # noqa: ARG001
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    num_steps, batch_size, input_size = x_TBD.shape
    empty, n = states_TBN.new_empty, bias_N.shape[0]
    operator = operator_of(diagonal_N, left, right_MN)
    of_inputs = torch.empty_like(input_weight_ND)
    of_left = torch.empty_like(left)
    if right_MN is not None:  # its gradient is made transposed, and so is that of inputs that ride along
        of_left = empty(inner_width(operator), n).t()
        if takes_inputs(operator, input_weight_ND, activation):
            of_inputs = empty(input_size, n).t()
    found = (
        empty(num_steps, batch_size, input_size),
        empty(h0_BN.shape),
        of_inputs,
        empty(n),
        empty(n),
        empty(n),
        of_left,
        empty(inner_width(operator), n),
    )
    x, h0, input_weight, bias, activation_bias, diagonal, left, right = (
        gradient if needed else empty(0) for gradient, needed in zip(found, needs, strict=True)
    )
    norms = empty((num_steps + 1, batch_size) if traced else 0)
    return x, h0, input_weight, bias, activation_bias, diagonal, left, right, norms


_RECURRENCE = Recurrence(_forward, _backward, num_tensors=8, num_outputs=2)

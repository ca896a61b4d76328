"""Long short-term memory over a whole sequence, with backpropagation through time by hand.

Rows of the weights, N each: o, i, f, g. In this order the three gates whose gradient comes from the cell are one block:

    c_t = f∘c_{t-1} + i∘g,   h_t = o∘tanh(c_t),   with o, i, f = sigmoid(·), g = tanh(·) of M x_t + W h_{t-1} + b.

A step is seven operations.

Everything in the gradients of the gates but ∂L/∂h_t and ∂L/∂c_t is known before the loop runs backward: it is computed
for a chunk of steps at a time, and the loop itself is a handful of products.

Axes: T time, K time steps of a chunk, B batch, D input, N hidden.
"""

import torch
from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace, begin_norms, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments, fake_gradients, or_empty, outside_autocast
from spectral_bench.nn.kernels.gated_by_cudnn import leaves_to_cudnn, lstm_by_pytorch
from spectral_bench.nn.kernels.library import Recurrence, custom_op
from spectral_bench.nn.kernels.through_time import InputGradients, direct_gradients, previous_states, product_plus

_aten = torch.ops.aten


def lstm(
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the recurrence; differentiable once in every tensor. Untraced on a GPU, cuDNN's (``gated_by_cudnn.py``).

    Args:
        x_TBD: inputs, T >= 1.
        h0_BN: the initial state.
        c0_BN: the initial cell.
        input_weight: M, shape (4N, D).
        hidden_weight: W, shape (4N, N).
        bias: b, shape (4N,).
        trace: where the backward pass writes ‖(∂L/∂h_t, ∂L/∂c_t)‖, t = 0..T (see ``GradientTrace``).
        index: the layer's number in the trace.

    Returns:
        The states h_1..h_T, shape (T, B, N), a copy of h_T, and c_T. A loss that needs only h_T should take the copy.

    Raises:
        ValueError: shapes or types do not fit.
    """
    x_TBD, h0_BN, c0_BN = outside_autocast(bias, x_TBD, h0_BN, c0_BN)
    rows = hidden_weight.shape[0]
    state_shape = (x_TBD.shape[1], rows // 4)
    check_arguments(
        x_TBD,
        {
            "h0": (h0_BN, state_shape),
            "c0": (c0_BN, state_shape),
            "input_weight": (input_weight, (rows, x_TBD.shape[2])),
            "hidden_weight": (hidden_weight, (rows, rows // 4)),
            "bias": (bias, (rows,)),
        },
    )
    tensors = (x_TBD, h0_BN, c0_BN, input_weight, hidden_weight, bias)
    if leaves_to_cudnn(bias, trace):
        return lstm_by_pytorch(*tensors)
    states_TBN, last_BN, cell_BN = _RECURRENCE(*tensors, trace=trace, layer=index)
    return states_TBN, last_BN, cell_BN


@custom_op("lstm")
def _forward(
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The states, copies of h_T and c_T, and to be remembered the cells (T, B, N) and the gates (T, B, 4N)."""
    (num_steps, batch_size, _), (rows, hidden_size) = x_TBD.shape, hidden_weight.shape
    chunks = buffers.chunks(num_steps, batch_size, rows)

    states_TBN = buffers.sequence((num_steps, batch_size, hidden_size), bias)
    kept_steps = num_steps if differentiable else chunks[0][1]
    cells_TBN = buffers.sequence((kept_steps, batch_size, hidden_size), bias)
    gates_TBG = buffers.sequence((kept_steps, batch_size, rows), bias)
    h_BN, c_BN = h0_BN, c0_BN
    for first, last in chunks:
        kept = slice(first, last) if differentiable else slice(last - first)
        gates_KBG = gates_TBG[kept]
        torch.addmm(bias, x_TBD[first:last].flatten(0, 1), input_weight.t(), out=gates_KBG.flatten(0, 1))
        o, i, f, g = (gate.unbind() for gate in gates_KBG.chunk(4, dim=2))
        sigmoids = gates_KBG[..., : 3 * hidden_size].unbind()
        gates, h, c = gates_KBG.unbind(), states_TBN[first:last].unbind(), cells_TBN[kept].unbind()
        for k in range(last - first):
            gates[k].addmm_(h_BN, hidden_weight.t())
            sigmoids[k].sigmoid_()
            torch.mul(i[k], g[k].tanh_(), out=h[k])
            c_BN = torch.addcmul(h[k], f[k], c_BN, out=c[k])
            h_BN = torch.tanh(c_BN, out=h[k]).mul_(o[k])
    nothing = bias.new_empty(0), bias.new_empty(0)
    return states_TBN, h_BN.clone(), c_BN.clone(), *((cells_TBN, gates_TBG) if differentiable else nothing)


@_forward.register_fake
def _(
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,  # noqa: ARG001
    hidden_weight: Tensor,
    bias: Tensor,
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    (num_steps, batch_size, _), (rows, n) = x_TBD.shape, hidden_weight.shape
    kept = [(num_steps, batch_size, width) if differentiable else 0 for width in (n, rows)]
    h_BN, c_BN = bias.new_empty(h0_BN.shape), bias.new_empty(c0_BN.shape)
    return bias.new_empty(num_steps, batch_size, n), h_BN, c_BN, bias.new_empty(kept[0]), bias.new_empty(kept[1])


@custom_op("lstm_backward")
def _backward(
    grad_states_TBN: Tensor | None,
    grad_last_BN: Tensor | None,
    grad_cell_BN: Tensor | None,
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    states_TBN: Tensor,
    cells_TBN: Tensor,
    gates_TBG: Tensor,
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the six tensors, and the norms."""
    needs_x, needs_h0, needs_c0, needs_input_weight, needs_hidden_weight, needs_bias = needs
    num_steps, batch_size, rows = gates_TBG.shape
    hidden_size = states_TBN.shape[2]
    chunks = buffers.chunks(num_steps, batch_size, rows)
    chunk_size = chunks[0][1]
    smallest = torch.finfo(states_TBN.dtype).tiny

    # Of both parts of the state before each step, needed by a trace only once the next step is done.
    shape = (chunk_size, batch_size, hidden_size)
    tanh_KBN = states_TBN.new_empty(shape)
    through_h_KBN, through_c_KBN = (
        torch.empty_like(tanh_KBN) if traced else buffers.overwritten(shape, tanh_KBN) for _ in "hc"
    )
    grad_gates_KBG = states_TBN.new_empty(chunk_size, batch_size, rows)
    of_inputs = InputGradients(x_TBD, input_weight, (needs_x, needs_input_weight, needs_bias))
    grad_hidden_weight = torch.zeros_like(hidden_weight)

    direct, grad_h_BN = direct_gradients(grad_states_TBN, grad_last_BN, states_TBN)
    grad_c_BN = torch.zeros_like(c0_BN) if grad_cell_BN is None else grad_cell_BN
    total_c_BN = torch.empty_like(grad_h_BN)
    through_h, through_c = through_h_KBN.unbind(), through_c_KBN.unbind()
    norms_TB = begin_norms(num_steps, grad_h_BN, grad_c_BN) if traced else None
    for first, last in reversed(chunks):
        size = last - first
        o, i, f, g = gates_TBG[first:last].chunk(4, dim=2)
        factors_KBG = grad_gates_KBG[:size]
        factor_o, factor_i, factor_f, factor_g = factors_KBG.chunk(4, dim=2)
        # tanh(c) is h / o. Where o has vanished every factor below vanishes with it, whatever the quotient.
        tanh_c = torch.div(states_TBN[first:last], o.clamp_min(smallest), out=tanh_KBN[:size])
        _aten.sigmoid_backward.grad_input(tanh_c, o, grad_input=factor_o)
        _aten.sigmoid_backward.grad_input(g, i, grad_input=factor_i)
        _aten.sigmoid_backward.grad_input(previous_states(c0_BN, cells_TBN, first, last), f, grad_input=factor_f)
        _aten.tanh_backward.grad_input(i, g, grad_input=factor_g)
        factor_c = _aten.tanh_backward.grad_input(o, tanh_c, grad_input=tanh_c)

        grad_gates, from_h = grad_gates_KBG.unbind(), factor_o.unbind()
        from_c = factors_KBG[..., hidden_size:].unflatten(2, (3, hidden_size)).unbind()  # type: ignore[no-untyped-call]
        for k in reversed(range(size)):
            # With what comes through h of the same step, which a trace has counted for h alone.
            torch.addcmul(grad_c_BN, grad_h_BN, factor_c[k], out=total_c_BN)
            from_h[k].mul_(grad_h_BN)
            from_c[k].mul_(total_c_BN.unsqueeze(1))
            grad_c_BN = torch.mul(total_c_BN, f[k], out=through_c[k])
            product_plus(direct[first + k], grad_gates[k], hidden_weight, through_h[k])
            grad_h_BN = through_h[k]

        grad_rows = factors_KBG.flatten(0, 1)
        if norms_TB is not None:
            write_norms(norms_TB[first:last], through_h_KBN[:size], through_c_KBN[:size])
        of_inputs.add(grad_rows, first, last)
        if needs_hidden_weight:
            grad_hidden_weight.addmm_(grad_rows.t(), previous_states(h0_BN, states_TBN, first, last).flatten(0, 1))

    grad_x_TBD, grad_input_weight, grad_bias = of_inputs.results
    x, h0, c0, input_weight, hidden_weight, bias, norms = (
        or_empty(gradient, states_TBN)
        for gradient in (
            grad_x_TBD,
            grad_h_BN if needs_h0 else None,
            grad_c_BN if needs_c0 else None,
            grad_input_weight,
            grad_hidden_weight if needs_hidden_weight else None,
            grad_bias,
            norms_TB,
        )
    )
    return x, h0, c0, input_weight, hidden_weight, bias, norms


@_backward.register_fake
def _(
    grad_states_TBN: Tensor | None,  # noqa: ARG001
    grad_last_BN: Tensor | None,  # noqa: ARG001
    grad_cell_BN: Tensor | None,  # noqa: ARG001
    x_TBD: Tensor,
    h0_BN: Tensor,
    c0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    states_TBN: Tensor,
    cells_TBN: Tensor,  # noqa: ARG001
    gates_TBG: Tensor,  # noqa: ARG001
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    tensors = (x_TBD, h0_BN, c0_BN, input_weight, hidden_weight, bias)
    return fake_gradients(tensors, needs, states_TBN, traced)


_RECURRENCE = Recurrence(_forward, _backward, num_tensors=6, num_outputs=3)

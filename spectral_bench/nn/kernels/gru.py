"""The gated recurrent unit over a whole sequence, with backpropagation through time by hand.

Rows of the weights, N each: r, z, n. The reset gate acts after the product, as in ``torch.nn.GRU``:

    q_t = W_n h_{t-1} + b_q,   n_t = tanh(M_n x_t + b_n + r∘q_t),   h_t = n_t + z∘(h_{t-1} - n_t),

with r, z = sigmoid(·) of M x_t + W h_{t-1} + b. What a step keeps is r, z, q, n, side by side in this order: the three
that the product with h_{t-1} enters come first.

Every gate's gradient is ∂L/∂h_t times a factor known before the loop runs backward: the factors are computed for a
chunk of steps at a time, and the loop itself is three operations.

Axes: T time, K time steps of a chunk, B batch, D input, N hidden.
"""

import torch
from torch import Tensor

from spectral_bench.nn.gradient_trace import GradientTrace, begin_norms, write_norms
from spectral_bench.nn.kernels import buffers
from spectral_bench.nn.kernels.arguments import check_arguments, fake_gradients, or_empty, outside_autocast
from spectral_bench.nn.kernels.gated_by_cudnn import gru_by_pytorch, leaves_to_cudnn
from spectral_bench.nn.kernels.library import Recurrence, custom_op
from spectral_bench.nn.kernels.through_time import InputGradients, direct_gradients, previous_states

_aten = torch.ops.aten


def gru(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    trace: GradientTrace | None = None,
    index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Run the recurrence; differentiable once in every tensor. Untraced on a GPU, cuDNN's (``gated_by_cudnn.py``).

    Args:
        x_TBD: inputs, T >= 1.
        h0_BN: the initial state.
        input_weight: M, shape (3N, D).
        hidden_weight: W, shape (3N, N).
        bias: b, shape (3N,).
        candidate_bias: b_q, shape (N,).
        trace: where the backward pass writes ‖∂L/∂h_t‖, t = 0..T.
        index: the layer's number in the trace.

    Returns:
        The states h_1..h_T, shape (T, B, N), and a copy of h_T. A loss that needs only h_T should take the copy.

    Raises:
        ValueError: shapes or types do not fit.
    """
    x_TBD, h0_BN = outside_autocast(bias, x_TBD, h0_BN)
    n = candidate_bias.shape[0]
    check_arguments(
        x_TBD,
        {
            "h0": (h0_BN, (x_TBD.shape[1], n)),
            "input_weight": (input_weight, (3 * n, x_TBD.shape[2])),
            "hidden_weight": (hidden_weight, (3 * n, n)),
            "bias": (bias, (3 * n,)),
            "candidate_bias": (candidate_bias, (n,)),
        },
    )
    tensors = (x_TBD, h0_BN, input_weight, hidden_weight, bias, candidate_bias)
    if leaves_to_cudnn(bias, trace):
        return gru_by_pytorch(*tensors)
    states_TBN, last_BN = _RECURRENCE(*tensors, trace=trace, layer=index)
    return states_TBN, last_BN


@custom_op("gru")
def _forward(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The states, a copy of h_T, and to be remembered r, z, q and n, shape (T, B, 4N)."""
    (num_steps, batch_size, _), hidden_size = x_TBD.shape, candidate_bias.shape[0]
    width = 4 * hidden_size
    chunks = buffers.chunks(num_steps, batch_size, width)
    padded_weight, padded_bias = _padded(input_weight), _insert_q(bias, candidate_bias)

    states_TBN = buffers.sequence((num_steps, batch_size, hidden_size), bias)
    remembered = num_steps if differentiable else chunks[0][1]
    gates_TBG = buffers.sequence((remembered, batch_size, width), bias)
    h_BN = h0_BN
    for first, last in chunks:
        gates_KBG = gates_TBG[first:last] if differentiable else gates_TBG[: last - first]
        torch.addmm(padded_bias, x_TBD[first:last].flatten(0, 1), padded_weight.t(), out=gates_KBG.flatten(0, 1))
        from_h, sigmoids = gates_KBG[..., : 3 * hidden_size].unbind(), gates_KBG[..., : 2 * hidden_size].unbind()
        r, z, q, n = (gate.unbind() for gate in gates_KBG.chunk(4, dim=2))
        h = states_TBN[first:last].unbind()
        for k in range(last - first):
            from_h[k].addmm_(h_BN, hidden_weight.t())
            sigmoids[k].sigmoid_()
            n[k].addcmul_(r[k], q[k]).tanh_()
            h_BN = torch.lerp(n[k], h_BN, z[k], out=h[k])
    return states_TBN, h_BN.clone(), gates_TBG if differentiable else bias.new_empty(0)


@_forward.register_fake
def _(
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,  # noqa: ARG001
    hidden_weight: Tensor,  # noqa: ARG001
    bias: Tensor,
    candidate_bias: Tensor,
    differentiable: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    (num_steps, batch_size, _), (n,) = x_TBD.shape, candidate_bias.shape
    gates_TBG = bias.new_empty((num_steps, batch_size, 4 * n) if differentiable else 0)
    return bias.new_empty(num_steps, batch_size, n), bias.new_empty(h0_BN.shape), gates_TBG


@custom_op("gru_backward")
def _backward(
    grad_states_TBN: Tensor | None,
    grad_last_BN: Tensor | None,
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    states_TBN: Tensor,
    gates_TBG: Tensor,
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the six tensors, and the norms."""
    needs_x, needs_h0, needs_input_weight, needs_hidden_weight, *needs_biases = needs
    num_steps, batch_size, width = gates_TBG.shape
    hidden_size = states_TBN.shape[2]
    chunks = buffers.chunks(num_steps, batch_size, width)
    chunk_size = chunks[0][1]

    shape = (chunk_size, batch_size, hidden_size)
    through_KBN = states_TBN.new_empty(shape) if traced else buffers.overwritten(shape, states_TBN)
    grad_gates_KBG = states_TBN.new_empty(chunk_size, batch_size, width)
    of_inputs = InputGradients(x_TBD, _padded(input_weight), (needs_x, needs_input_weight, any(needs_biases)))
    grad_hidden_weight = torch.zeros_like(hidden_weight)

    through = through_KBN.unbind()
    direct, grad_h_BN = direct_gradients(grad_states_TBN, grad_last_BN, states_TBN)
    norms_TB = begin_norms(num_steps, grad_h_BN) if traced else None
    for first, last in reversed(chunks):
        size = last - first
        previous_KBN = previous_states(h0_BN, states_TBN, first, last)
        r, z, q, n = gates_TBG[first:last].chunk(4, dim=2)
        factors_KBG = grad_gates_KBG[:size]
        factor_r, factor_z, factor_q, factor_n = factors_KBG.chunk(4, dim=2)
        _aten.tanh_backward.grad_input(1.0 - z, n, grad_input=factor_n)
        torch.mul(factor_n, r, out=factor_q)
        _aten.sigmoid_backward.grad_input(factor_n * q, r, grad_input=factor_r)
        _aten.sigmoid_backward.grad_input(previous_KBN - n, z, grad_input=factor_z)

        factors = factors_KBG.unflatten(2, (4, hidden_size)).unbind()  # type: ignore[no-untyped-call]
        into_h = factors_KBG[..., : 3 * hidden_size].unbind()
        kept = z.unbind()
        for k in reversed(range(size)):
            factors[k].mul_(grad_h_BN.unsqueeze(1))
            direct_BN = direct[first + k]
            if direct_BN is None:
                torch.mul(grad_h_BN, kept[k], out=through[k])
            else:
                torch.addcmul(direct_BN, grad_h_BN, kept[k], out=through[k])
            grad_h_BN = through[k].addmm_(into_h[k], hidden_weight)

        grad_rows = factors_KBG.flatten(0, 1)
        if norms_TB is not None:
            write_norms(norms_TB[first:last], through_KBN[:size])
        of_inputs.add(grad_rows, first, last)
        if needs_hidden_weight:
            grad_hidden_weight.addmm_(grad_rows[:, : 3 * hidden_size].t(), previous_KBN.flatten(0, 1))

    grad_x_TBD, grad_padded_weight, grad_padded_bias = of_inputs.results
    grad_input_weight, _ = _take_q(grad_padded_weight)
    grad_bias, grad_candidate_bias = _take_q(grad_padded_bias)
    x, h0, input_weight, hidden_weight, bias, candidate_bias, norms = (
        or_empty(gradient, states_TBN)
        for gradient in (
            grad_x_TBD,
            grad_h_BN if needs_h0 else None,
            grad_input_weight,
            grad_hidden_weight if needs_hidden_weight else None,
            grad_bias if needs_biases[0] else None,
            grad_candidate_bias if needs_biases[1] else None,
            norms_TB,
        )
    )
    return x, h0, input_weight, hidden_weight, bias, candidate_bias, norms


@_backward.register_fake
def _(
    grad_states_TBN: Tensor | None,  # noqa: ARG001
    grad_last_BN: Tensor | None,  # noqa: ARG001
    x_TBD: Tensor,
    h0_BN: Tensor,
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    states_TBN: Tensor,
    gates_TBG: Tensor,  # noqa: ARG001
    needs: list[bool],
    traced: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    tensors = (x_TBD, h0_BN, input_weight, hidden_weight, bias, candidate_bias)
    return fake_gradients(tensors, needs, states_TBN, traced)


_RECURRENCE = Recurrence(_forward, _backward, num_tensors=6, num_outputs=2)


def _padded(input_weight: Tensor) -> Tensor:
    """The inputs do not enter q: rows of zeros let one product fill all four columns."""
    return _insert_q(input_weight, torch.zeros_like(input_weight[: input_weight.shape[0] // 3]))


def _insert_q(rows_rzn: Tensor, rows_q: Tensor) -> Tensor:
    """Rows r, z, q, n from rows r, z, n and rows q."""
    n = rows_q.shape[0]
    return torch.cat((rows_rzn[: 2 * n], rows_q, rows_rzn[2 * n :]))


def _take_q(rows_rzqn: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """The inverse of ``_insert_q``."""
    if rows_rzqn is None:
        return None, None
    r, z, q, n = rows_rzqn.chunk(4)
    return torch.cat((r, z, n)), q

"""Triton kernels that run a chunk of time steps in one launch; imported only where they are used.

A program takes one row of the batch through all the steps: its share of W stays in registers, and a step is two sums
of float32 products (one for a dense W). ``tl.dot`` would do no better: tensor cores round float32 to TF32, and without
them it is the same products, for at least 16 rows at a time, which at B = 128 would leave all but 8 of a GPU's hundred
and more processors idle.

Axes: N hidden and M inner width, both padded to a power of two, with zeros; of a dense W both are the hidden size. Both
factors have the shape (N, M), and so the same place in registers: sums over N leave an M, sums over M an N.
"""

import triton
import triton.language as tl


@triton.jit
def _times(v_N, diagonal_N, first_NM, second_NM, LOW_RANK: tl.constexpr):
    """``v first``, and ``v∘diagonal + (v first) secondᵀ``; of a dense W ``v first`` twice."""
    inner_M = tl.sum(v_N[:, None] * first_NM, axis=0)
    product_N = inner_M
    if LOW_RANK:
        product_N = v_N * diagonal_N + tl.sum(inner_M[None, :] * second_NM, axis=1)
    return inner_M, product_N


@triton.jit
def _activation(x, bias, leak, NAME: tl.constexpr):
    """φ(x). Comparisons are written so that NaN stays NaN."""
    tl.static_assert(
        (NAME == "leaky_relu") | (NAME == "relu") | (NAME == "tanh") | (NAME == "modrelu") | (NAME == "identity"),
        "unknown activation",
    )
    y = x
    if NAME == "leaky_relu":
        y = tl.where(x > 0, x, leak * x)
    if NAME == "relu":
        y = tl.where(x < 0, 0.0, x)
    if NAME == "tanh":
        # The quotient loses the digits of a small x; the series is exact to 1e-8 up to there.
        e, s = tl.exp(-2.0 * tl.abs(x)), x * x
        series = 1.0 + s * (-1.0 / 3 + s * (2.0 / 15 + s * (-17.0 / 315 + s * (62.0 / 2835))))
        quotient = (1.0 - e) / (1.0 + e)
        y = tl.where(s < 0.0625, x * series, tl.where(x < 0, -quotient, quotient))
    if NAME == "modrelu":
        magnitude = tl.abs(x) + bias
        y = tl.where(magnitude < 0, 0.0, tl.where(x == 0, 0.0, tl.where(x < 0, -magnitude, magnitude)))
    return y


@triton.jit(do_not_specialize=["num_steps", "batch_size"])
def forward(
    h_ptr,
    states_ptr,
    inner_ptr,
    diagonal_ptr,
    first_ptr,
    second_ptr,
    activation_bias_ptr,
    num_steps,
    batch_size,
    hidden_size,
    inner_width,
    leak,
    ACTIVATION: tl.constexpr,
    LOW_RANK: tl.constexpr,
    N: tl.constexpr,
    M: tl.constexpr,
):
    """From h (B, N) and M x + b in ``states`` (K, B, N) to the states themselves, and h L in ``inner`` (K, B, M)."""
    row = tl.program_id(0).to(tl.int64)
    n, m = tl.arange(0, N), tl.arange(0, M)
    in_n, in_m = n < hidden_size, m < inner_width
    at, in_weight = n[:, None] * inner_width + m[None, :], in_n[:, None] & in_m[None, :]
    first_NM = tl.load(first_ptr + at, in_weight, 0.0)
    second_NM, diagonal_N, bias_N = first_NM, 0.0, 0.0
    if LOW_RANK:
        second_NM = tl.load(second_ptr + at, in_weight, 0.0)
        diagonal_N = tl.load(diagonal_ptr + n, in_n, 0.0)
    if ACTIVATION == "modrelu":
        bias_N = tl.load(activation_bias_ptr + n, in_n, 0.0)

    state_N = tl.load(h_ptr + row * hidden_size + n, in_n, 0.0)
    states_ptr += row * hidden_size
    if LOW_RANK:
        inner_ptr += row * inner_width
    pre_N = tl.load(states_ptr + n, in_n, 0.0)
    for k in range(num_steps):
        # What the next step needs from memory is asked for now: it arrives while this one computes.
        next_ptr = states_ptr + batch_size * hidden_size
        next_pre_N = tl.load(next_ptr + n, n < hidden_size * (k + 1 < num_steps), 0.0)
        inner_M, product_N = _times(state_N, diagonal_N, first_NM, second_NM, LOW_RANK)
        state_N = _activation(pre_N + product_N, bias_N, leak, ACTIVATION)
        tl.store(states_ptr + n, state_N, in_n)
        if LOW_RANK:
            tl.store(inner_ptr + m, inner_M, in_m)
            inner_ptr += batch_size * inner_width
        states_ptr, pre_N = next_ptr, next_pre_N


@triton.jit(do_not_specialize=["num_steps", "batch_size", "undirected", "g_step"])
def backward(
    gradient_ptr,
    a_ptr,
    g_ptr,
    direct_ptr,
    inner_ptr,
    diagonal_ptr,
    first_ptr,
    second_ptr,
    num_steps,
    batch_size,
    hidden_size,
    inner_width,
    undirected,
    g_step,
    direct_step,
    direct_row,
    direct_unit,
    LOW_RANK: tl.constexpr,
    N: tl.constexpr,
    M: tl.constexpr,
):
    """Back through a chunk, given ∂L/∂h (B, N) after it and φ' in ``a`` (K, B, N), which becomes a.

    Writes ∂L/∂h before every step to ``g`` (K, B, N), whose steps may share memory (``g_step`` 0), and a Rᵀ to
    ``inner`` (K, B, M). ``direct``, of any strides, is part of g from step ``undirected`` on.
    """
    row = tl.program_id(0).to(tl.int64)
    n, m = tl.arange(0, N), tl.arange(0, M)
    in_n, in_m = n < hidden_size, m < inner_width
    at, in_weight = n[:, None] * inner_width + m[None, :], in_n[:, None] & in_m[None, :]
    first_NM = tl.load(first_ptr + at, in_weight, 0.0)
    second_NM, diagonal_N = first_NM, 0.0
    if LOW_RANK:
        second_NM = tl.load(second_ptr + at, in_weight, 0.0)
        diagonal_N = tl.load(diagonal_ptr + n, in_n, 0.0)

    gradient_N = tl.load(gradient_ptr + row * hidden_size + n, in_n, 0.0)
    step = batch_size * hidden_size
    a_ptr += (num_steps - 1) * step + row * hidden_size
    g_ptr += (num_steps - 1) * g_step + row * hidden_size
    inner_ptr += ((num_steps - 1) * batch_size + row) * inner_width
    slope_N = tl.load(a_ptr + n, in_n, 0.0)
    for i in range(num_steps):
        k = num_steps - 1 - i
        next_slope_N = tl.load(a_ptr - step + n, n < hidden_size * (k > 0), 0.0)
        direct_N = tl.zeros_like(slope_N)
        if direct_ptr is not None:
            direct_at = (k - undirected).to(tl.int64) * direct_step + row * direct_row + n.to(tl.int64) * direct_unit
            direct_N = tl.load(direct_ptr + direct_at, n < hidden_size * (k >= undirected), 0.0)
        a_N = slope_N * gradient_N
        tl.store(a_ptr + n, a_N, in_n)
        inner_M, product_N = _times(a_N, diagonal_N, first_NM, second_NM, LOW_RANK)
        gradient_N = product_N + direct_N
        tl.store(g_ptr + n, gradient_N, in_n)
        if LOW_RANK:
            tl.store(inner_ptr + m, inner_M, in_m)
            inner_ptr -= batch_size * inner_width
        a_ptr -= step
        g_ptr -= g_step
        slope_N = next_slope_N

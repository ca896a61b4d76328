"""Forms that run a whole chunk of time steps in one launch of a GPU, by the kernels of ``fused_triton.py``.

On a GPU the four or five small operations of a time step take less time than their launches. These forms override the
per-step loops of their bases and inherit the products over all rows of a chunk.

Axes: K time steps of a chunk, B batch, D input, N hidden, M inner width of the low-rank form, E what a form remembers.
"""

import functools
import importlib.util
import math
import os
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from spectral_bench.nn.activations import ACTIVATIONS, Activation
from spectral_bench.nn.kernels.forms import DenseForm, Form, LowRankForm
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator

#: Set to 0, the environment variable of this name turns the fused forms off.
VARIABLE = "SPECTRAL_BENCH_FUSED"

#: A thread keeps 64 numbers of W in registers. The rest of the kernel takes as many again, and 128 are what each of 512
#: threads may have; of 1024, each may have but 64.
_NUMBERS_OF_WARP = 32 * 64
_MOST_WARPS = 16


def form_of(operator: Operator, input_weight_ND: Tensor, bias_N: Tensor, activation: Activation) -> Form:
    """The operator and the inputs' part, ready for a time loop; fused where that is possible.

    Only with an activation of this package: the kernels know these by name, and no others.
    """
    known = type(activation) in ACTIVATIONS.values()  # a subclass may compute something else
    possible = bias_N.is_cuda and bias_N.dtype == torch.float32 and warps(operator) <= _MOST_WARPS
    fused = known and possible and available()
    if isinstance(operator, Dense):
        if fused:
            return FusedDenseForm(operator, input_weight_ND, bias_N, activation)
        return DenseForm(operator, input_weight_ND, bias_N)
    if fused:
        return FusedLowRankForm(operator, input_weight_ND, bias_N, activation)
    return LowRankForm(operator, input_weight_ND, bias_N)


@functools.cache
def available() -> bool:
    """Whether this PyTorch is for NVIDIA GPUs, and Triton, a C compiler and Python.h (for its launcher) are there."""
    if os.environ.get(VARIABLE) == "0" or torch.version.cuda is None or importlib.util.find_spec("triton") is None:
        return False
    compiler = shutil.which(os.environ.get("CC", "")) or shutil.which("gcc") or shutil.which("clang")
    return compiler is not None and Path(sysconfig.get_path("include"), "Python.h").exists()


def warps(operator: Operator) -> int:
    """How many warps hold W, its sizes padded to powers of two."""
    matrices = operator[-2:] if isinstance(operator, LowRank) else operator
    numbers = sum(math.prod(map(_power_of_two, matrix.shape)) for matrix in matrices)
    return max(1, numbers // _NUMBERS_OF_WARP)


class _FusedForm(Form):
    """How both forms differ from their bases; M x + b is one product for a whole chunk, however narrow x."""

    loop: "_Loop"
    #: Receives a Rᵀ of every step; of a dense W there is none.
    pulled_KBM: Tensor

    def run(
        self,
        x_KBD: Tensor,
        h_BN: Tensor,
        states_KBN: Tensor,
        remembered_KBE: Tensor,
        apply_: Callable[[Tensor], object],  # noqa: ARG002
    ) -> Tensor:
        """Write the states of a chunk, and what to remember; returns the last state."""
        Form.begin(self, x_KBD, states_KBN, remembered_KBE)
        return self.loop.forward(h_BN, states_KBN, remembered_KBE)

    def run_back(self, gradient_BN: Tensor, a_KBN: Tensor, g_KBN: Tensor, direct_KBN: Tensor | None) -> Tensor:
        """Go back through a chunk; returns ∂L/∂h before it."""
        return self.loop.backward(gradient_BN, a_KBN, g_KBN, direct_KBN, self.pulled_KBM)


class FusedDenseForm(_FusedForm, DenseForm):
    """``DenseForm``, a chunk in one launch."""

    def __init__(self, operator: Dense, input_weight_ND: Tensor, bias_N: Tensor, activation: Activation) -> None:
        super().__init__(operator, input_weight_ND, bias_N)
        self.loop = _Loop(None, self.transposed_NN, self.weight_NN, activation, warps(operator))
        self.pulled_KBM = bias_N.new_empty(0)


class FusedLowRankForm(_FusedForm, LowRankForm):
    """``LowRankForm``, a chunk in one launch."""

    narrow = -1

    def __init__(self, operator: LowRank, input_weight_ND: Tensor, bias_N: Tensor, activation: Activation) -> None:
        super().__init__(operator, input_weight_ND, bias_N)
        diagonal_N, left_NM, _ = operator
        self.loop = _Loop(diagonal_N, left_NM, self.right_transposed_NM, activation, warps(operator))


class _Loop:
    """The launches: W's tensors, with that of the first product of a step forward and that of one backward.

    Of the low-rank form these are L and Rᵀ, and each is the second of the other direction; of the dense form, which has
    no diagonal, Wᵀ and W.
    """

    def __init__(
        self, diagonal_N: Tensor | None, forward_NM: Tensor, backward_NM: Tensor, activation: Activation, warps: int
    ) -> None:
        from spectral_bench.nn.kernels import fused_triton

        self.kernels = fused_triton
        self.diagonal_N = None if diagonal_N is None else diagonal_N.contiguous()
        self.forward_NM, self.backward_NM = forward_NM.contiguous(), backward_NM.contiguous()
        self.activation = activation
        n, m = forward_NM.shape
        self.options = {
            "LOW_RANK": diagonal_N is not None,
            "N": _power_of_two(n),
            "M": _power_of_two(m),
            "num_warps": warps,
            "enable_fp_fusion": True,
        }

    def forward(self, h_BN: Tensor, states_KBN: Tensor, inner_KBM: Tensor) -> Tensor:
        with torch.cuda.device_of(h_BN):  # type: ignore[no-untyped-call]
            self.kernels.forward[(len(h_BN),)](
                h_BN.contiguous(),
                states_KBN,
                inner_KBM,
                self.diagonal_N,
                self.forward_NM,
                self.backward_NM,
                self.activation.bias,
                *states_KBN.shape,
                self.forward_NM.shape[1],
                self.activation.leak,
                ACTIVATION=self.activation.name.value,
                **self.options,
            )
        return states_KBN[-1]

    def backward(
        self, gradient_BN: Tensor, a_KBN: Tensor, g_KBN: Tensor, direct_KBN: Tensor | None, inner_KBM: Tensor
    ) -> Tensor:
        with torch.cuda.device_of(a_KBN):  # type: ignore[no-untyped-call]
            self.kernels.backward[(a_KBN.shape[1],)](
                gradient_BN.contiguous(),
                a_KBN,
                g_KBN,
                direct_KBN,
                inner_KBM,
                self.diagonal_N,
                self.backward_NM,
                self.forward_NM,
                *a_KBN.shape,
                self.forward_NM.shape[1],
                len(a_KBN) - (0 if direct_KBN is None else len(direct_KBN)),
                g_KBN.stride(0),
                *((0, 0, 0) if direct_KBN is None else direct_KBN.stride()),
                **self.options,
            )
        return g_KBN[0]


def _power_of_two(size: int) -> int:
    return 1 << max(0, size - 1).bit_length()

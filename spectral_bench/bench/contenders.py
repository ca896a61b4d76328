"""The contenders: one training step (parameters to matrix, forward, backward) of each way to run a recurrent network.

Every contender reads the same inputs and is differentiated from the sum of its last state, so that none pays for a
readout. All recurrent matrices are orthogonal at first (of LSTM those of the gates), and numbers too small for full
precision count as zero (``flush_denormals``): a gradient that vanishes must not make its network slower than another.
Networks with a free or constrained matrix use ReLU, ours leaky ReLU.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import orthogonal

from spectral_bench.bench.setting import Setting
from spectral_bench.linalg import random_reflectors, singular_values
from spectral_bench.nn.activations import build_activation
from spectral_bench.nn.gated import LSTMLayer
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.operators import Dense, LowRank, Operator
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.transitions import DenseTransition, SVDTransition

_Module = TypeVar("_Module", bound=nn.Module)

#: A training step: forward and backward, gradients left in the parameters.
Step = Callable[[], None]

OURS = "svdrnn"
OURS_LOW_RANK = "svdrnn, low rank"
OURS_DENSE = "svdrnn, dense form"
OURS_TRACED = "svdrnn, traced"
OURS_RNN = "rnn"
OURS_LSTM = "lstm"
TORCH_RNN = "torch.nn.RNN"
TORCH_CELL = "torch.nn.RNNCell loop"
TORCH_LSTM = "torch.nn.LSTM"


class _LowRankOnly(SVDTransition):
    """In low-rank form, whatever the cost rule says."""

    def operator(self, batch_size: int) -> Operator:  # noqa: ARG002
        return LowRank(*self.matrix.low_rank())


class _DenseOnly(SVDTransition):
    """In dense form, whatever the cost rule says."""

    def operator(self, batch_size: int) -> Operator:  # noqa: ARG002
        return Dense(self.matrix.weight())


class _CellLoop(nn.Module):
    """An ``nn.RNNCell`` called at every time step: the way a recurrent matrix that is parametrized has to be run."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        cell = nn.RNNCell(setting.input_size, setting.hidden_size, nonlinearity="relu")
        self.cell = _norm_preserving(cell)

    def forward(self, x_TBD: Tensor) -> Tensor:
        h_BN = x_TBD.new_zeros(x_TBD.shape[1], self.cell.hidden_size)
        # ``cached``: a parametrized matrix is built once a step of training, not once a time step.
        with nn.utils.parametrize.cached():
            for x_BD in x_TBD:
                h_BN = self.cell(x_BD, h_BN)
        return h_BN


class _ReflectorLoop(nn.Module):
    """One reflector after the other at every time step: algorithm 1 of Zhang, Lei and Dhillon (2018) as printed."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        n = setting.hidden_size
        self.u = nn.Parameter(random_reflectors(setting.m1, n))
        self.v = nn.Parameter(random_reflectors(setting.m2, n))
        self.raw = nn.Parameter(torch.zeros(n))
        self.inputs = nn.Linear(setting.input_size, n)

    def forward(self, x_TBD: Tensor) -> Tensor:
        sigma_N = singular_values(self.raw, 0.01)
        h_BN = x_TBD.new_zeros(x_TBD.shape[1], len(self.raw))
        # Vᵀ h applies the first row first; U h the last.
        v, u = self._pairs(self.v.triu()), self._pairs(self.u.triu())[::-1]
        for pre_BN in self.inputs(x_TBD):
            h_BN = self._reflect(h_BN, v) * sigma_N
            h_BN = torch.relu(self._reflect(h_BN, u) + pre_BN)
        return h_BN

    @staticmethod
    def _pairs(rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Every reflector a, and −2a/‖a‖², which does not change over time."""
        scaled = -2.0 / rows.square().sum(1, keepdim=True) * rows
        return list(zip(rows.unbind(), scaled.unbind(), strict=True))

    @staticmethod
    def _reflect(h_BN: Tensor, pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
        for row, scaled in pairs:
            h_BN = torch.addr(h_BN, h_BN @ row, scaled)
        return h_BN


def contenders(setting: Setting) -> dict[str, Callable[[], Step]]:
    """The builders of all contenders at one setting; geotorch only if it is installed (the extra ``bench``)."""
    x_TBD = setting.inputs()
    n, d = setting.hidden_size, setting.input_size
    builders: dict[str, Callable[[], Step]] = {
        OURS: lambda: training_step(_svd_layer(setting, SVDTransition), x_TBD),
        OURS_LOW_RANK: lambda: training_step(_svd_layer(setting, _LowRankOnly), x_TBD),
        OURS_DENSE: lambda: training_step(_svd_layer(setting, _DenseOnly), x_TBD),
        OURS_TRACED: lambda: training_step(_svd_layer(setting, SVDTransition), x_TBD, traced=True),
        OURS_RNN: lambda: training_step(_layer(setting, DenseTransition(n, "orthogonal")), x_TBD),
        OURS_LSTM: lambda: training_step(LSTMLayer(d, n), x_TBD),
        TORCH_RNN: lambda: training_step(_norm_preserving(nn.RNN(d, n, nonlinearity="relu")), x_TBD),
        TORCH_CELL: lambda: training_step(_CellLoop(setting), x_TBD),
        TORCH_LSTM: lambda: training_step(_norm_preserving(nn.LSTM(d, n)), x_TBD),
        "reflector by reflector": lambda: training_step(_ReflectorLoop(setting), x_TBD),
    }
    for kind in ("householder", "cayley", "matrix_exp"):
        builders[f"torch orthogonal, {kind}"] = partial(_orthogonal, setting, kind, x_TBD)
    if importlib.util.find_spec("geotorch") is not None:
        builders["geotorch almost_orthogonal"] = partial(_almost_orthogonal, setting, x_TBD)
    return builders


#: Our forms, and the two ways to run a network with a free matrix in PyTorch.
FORMS_AND_FREE = (OURS, OURS_LOW_RANK, OURS_DENSE, TORCH_RNN, TORCH_CELL)


def _orthogonal(setting: Setting, kind: str, x_TBD: Tensor) -> Step:
    loop = _CellLoop(setting)
    orthogonal(loop.cell, "weight_hh", orthogonal_map=kind)
    return training_step(loop, x_TBD)


def _almost_orthogonal(setting: Setting, x_TBD: Tensor) -> Step:
    import geotorch

    loop = _CellLoop(setting)
    geotorch.almost_orthogonal(loop.cell, "weight_hh", lam=0.01, f="tanh")
    return training_step(loop, x_TBD)


def _svd_layer(setting: Setting, form: type[SVDTransition]) -> RecurrentLayer:
    return _layer(setting, form(setting.hidden_size, setting.m1, setting.m2, r=0.01))


def _layer(setting: Setting, transition: DenseTransition | SVDTransition) -> RecurrentLayer:
    return RecurrentLayer(setting.input_size, transition, build_activation("leaky_relu", setting.hidden_size, 0.01))


def _norm_preserving(module: _Module) -> _Module:
    """The module, its recurrent matrices orthogonal: one for each block of rows."""
    for name, weight in module.named_parameters():
        if name.startswith("weight_hh"):
            for block in weight.chunk(len(weight) // weight.shape[1]):
                nn.init.orthogonal_(block)
    return module


def training_step(module: nn.Module, x_TBD: Tensor, *, traced: bool = False) -> Step:
    """A training step of a module that gives (states, final state) or the last state alone, where its inputs are."""
    module.to(x_TBD.device)

    def step() -> None:
        module.zero_grad(set_to_none=True)
        result = module(x_TBD, trace=GradientTrace()) if traced else module(x_TBD)
        _last_state(result).sum().backward()  # type: ignore[no-untyped-call]

    return step


def _last_state(result: Tensor | tuple[Tensor, Tensor | tuple[Tensor, ...]]) -> Tensor:
    if isinstance(result, Tensor):
        return result
    final = result[1]
    return final[0] if isinstance(final, tuple) else final

"""Recurrences of other papers: ours, the plain time loop of those that are scanned, and torchrecurrent's own.

A training step as of every contender (``contenders.py``), from the sum of the last output. Layers start as their
authors say; those of torchrecurrent have one bias where ours have one.
"""

import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor, nn

from spectral_bench.bench.contenders import TORCH_CELL, TORCH_RNN, Step, contenders, training_step
from spectral_bench.bench.setting import Setting
from spectral_bench.nn.activations import build_activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.models.antisymmetric import AntisymmetricLayer
from spectral_bench.nn.models.cornn import CoRNNLayer
from spectral_bench.nn.models.indrnn import DiagonalTransition
from spectral_bench.nn.models.lem import LEMLayer
from spectral_bench.nn.models.lru import LRULayer
from spectral_bench.nn.models.mingru import MinGRULayer
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.scan import scan

#: Whom a contender is compared with, if it is there: ours with the loop of the same equation.
COUNTERPARTS = {
    "lru": "lru, time loop",
    "mingru": "mingru, time loop",
    "cornn": "torchrecurrent coRNN",
    "lem": "torchrecurrent LEM",
    "antisymmetric": "torchrecurrent AntisymmetricRNN",
    "indrnn": "torchrecurrent IndRNN",
}


class _LoopLRU(LRULayer):
    """The same block, its recurrence one step after the other."""

    def recurrence(
        self, decay: Tensor, driven_TBN: Tensor, x0_BN: Tensor, trace: GradientTrace | None, index: int
    ) -> tuple[Tensor, Tensor]:
        return scan(lambda driven_BN, x_BN: decay * x_BN + driven_BN, driven_TBN, x0_BN, trace, index)


class _LoopMinGRU(MinGRULayer):
    """The same units, one step after the other."""

    def recurrence(
        self, decay: Tensor, driven_TBN: Tensor, h0_BN: Tensor, trace: GradientTrace | None, index: int
    ) -> tuple[Tensor, Tensor]:
        def step(both_2BN: Tensor, h_BN: Tensor) -> Tensor:
            return both_2BN[0] * h_BN + both_2BN[1]

        return scan(step, torch.stack((decay, driven_TBN), dim=1), h0_BN, trace, index)


def recurrences(setting: Setting) -> dict[str, Callable[[], Step]]:
    """Builders at one setting; those of torchrecurrent only where it is installed (the extra ``bench``)."""
    x_TBD = setting.inputs()
    n, d = setting.hidden_size, setting.input_size
    ring = {"r_min": 0.0, "r_max": 1.0, "max_phase": 6.283}
    modules: dict[str, Callable[[], nn.Module]] = {
        "lru": lambda: LRULayer(d, n, n, encode=True, **ring),
        "lru, time loop": lambda: _LoopLRU(d, n, n, encode=True, **ring),
        "mingru": lambda: MinGRULayer(d, n),
        "mingru, time loop": lambda: _LoopMinGRU(d, n),
        "cornn": lambda: CoRNNLayer(d, n, dt=0.042, gamma=2.7, epsilon=4.7),
        "lem": lambda: LEMLayer(d, n, dt=0.21),
        "antisymmetric": lambda: AntisymmetricLayer(d, n, epsilon=0.01, gamma=0.01, gated=False, start_scale=1.0),
        "indrnn": lambda: RecurrentLayer(d, DiagonalTransition(n, 0.0, 1.0), build_activation("relu", n, 0.0)),
    }
    if importlib.util.find_spec("torchrecurrent") is not None:
        modules |= _of_torchrecurrent(d, n)
    free = contenders(setting)
    steps = {name: (lambda build=build: training_step(build(), x_TBD)) for name, build in modules.items()}
    return {TORCH_RNN: free[TORCH_RNN], TORCH_CELL: free[TORCH_CELL], **steps}


def _of_torchrecurrent(d: int, n: int) -> dict[str, Callable[[], nn.Module]]:
    import torchrecurrent as theirs

    one = {"recurrent_bias": False}
    return {
        "torchrecurrent coRNN": lambda: theirs.coRNN(d, n, dt=0.042, gamma=2.7, epsilon=4.7, cell_bias=False, **one),
        "torchrecurrent LEM": lambda: theirs.LEM(d, n, dt=0.21),
        "torchrecurrent AntisymmetricRNN": lambda: theirs.AntisymmetricRNN(d, n, epsilon=0.01, gamma=0.01, **one),
        "torchrecurrent IndRNN": lambda: theirs.IndRNN(d, n, nonlinearity="relu", **one),
    }

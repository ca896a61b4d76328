"""Recurrences of other papers: ours, the plain time loop of those that are scanned, and torchrecurrent's own.

A training step as of every contender (``contenders.py``), from the sum of the last output, of the recurrence alone from
that of all states. Layers start as their authors say; those of torchrecurrent have one bias where ours have one. What
surrounds the recurrence of ``lru``, four matrix products a step, is most of its time and the same for scan and loop.
"""

import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor, nn

from spectral_bench.bench.contenders import TORCH_CELL, TORCH_RNN, Step, contenders, training_step
from spectral_bench.bench.setting import Setting
from spectral_bench.nn.activations import build_activation
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.kernels.linear_scan import linear_scan
from spectral_bench.nn.models.antisymmetric import AntisymmetricLayer
from spectral_bench.nn.models.cornn import CoRNNLayer
from spectral_bench.nn.models.indrnn import DiagonalTransition
from spectral_bench.nn.models.lem import LEMLayer
from spectral_bench.nn.models.lru import LinearRecurrentUnit, LRULayer
from spectral_bench.nn.models.mingru import MinGRULayer
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.scan import scan

#: Whom a contender is compared with, if it is there: ours with the loop of the same equation.
COUNTERPARTS = {
    "lru": "lru, time loop",
    "recurrence of lru alone": "recurrence of lru alone, time loop",
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


class _Recurrence(nn.Module):
    """x_t = λ ∘ x_{t-1} + b_t with the λ that ``lru`` starts from, and nothing around it: no matrix, no readout."""

    def __init__(self, setting: Setting, *, scanned: bool) -> None:
        super().__init__()
        n = setting.hidden_size
        self.decay = nn.Parameter(
            LinearRecurrentUnit(1, n, r_min=0.0, r_max=1.0, max_phase=6.283).eigenvalues().detach()
        )
        # Constant: to hand out a gradient as long as the sequence would take longer than to compute it.
        self.driven = torch.randn(setting.length, setting.batch_size, n, dtype=self.decay.dtype)
        self.x0 = nn.Parameter(torch.zeros_like(self.driven[0]))
        self.scanned = scanned

    def forward(self, _: Tensor) -> Tensor:
        if self.scanned:
            states_TBN, _ = linear_scan(self.decay, self.driven, self.x0)
        else:
            states_TBN, _ = scan(lambda driven_BN, x_BN: self.decay * x_BN + driven_BN, self.driven, self.x0)
        return torch.view_as_real(states_TBN)


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
        "recurrence of lru alone": lambda: _Recurrence(setting, scanned=True),
        "recurrence of lru alone, time loop": lambda: _Recurrence(setting, scanned=False),
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

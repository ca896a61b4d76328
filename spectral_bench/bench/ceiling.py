"""The machine's limit: the matrix products of a training step and nothing else.

The time of ``svdrnn`` beyond this is overhead per time step, pointwise work and memory traffic, and is the most that
another implementation of the same products could save. As in our steps, the second product accumulates into its output,
which MKL does faster than overwriting it. Axes: T time, B batch, N hidden, M = m1 + m2.
"""

import torch

from spectral_bench.bench.contenders import Step
from spectral_bench.bench.setting import Setting

LOW_RANK_CEILING = "products alone, low rank"
DENSE_CEILING = "products alone, dense"


def ceilings(setting: Setting) -> dict[str, Step]:
    """The products of both forms at one setting."""
    return {LOW_RANK_CEILING: _low_rank(setting), DENSE_CEILING: _dense(setting)}


def _low_rank(setting: Setting) -> Step:
    n, rank, batch, length = setting.hidden_size, setting.m1 + setting.m2, setting.batch_size, setting.length
    left_NM, right_MN = torch.randn(n, rank), torch.randn(rank, n)
    states_TBN, inner_TBM = torch.randn(length, batch, n), torch.randn(length, batch, rank)
    out_BN, inner_BM = torch.empty(batch, n), torch.empty(batch, rank)

    def step() -> None:
        for h_BN in states_TBN:
            torch.mm(h_BN, left_NM, out=inner_BM)
            out_BN.addmm_(inner_BM, right_MN)
        for a_BN in states_TBN:
            torch.mm(a_BN, right_MN.t(), out=inner_BM)
            out_BN.addmm_(inner_BM, left_NM.t())
        for _ in ("left", "right"):
            inner_TBM.flatten(0, 1).t() @ states_TBN.flatten(0, 1)

    return step


def _dense(setting: Setting) -> Step:
    n, batch, length = setting.hidden_size, setting.batch_size, setting.length
    weight_NN = torch.randn(n, n)
    states_TBN, out_BN = torch.randn(length, batch, n), torch.empty(batch, n)

    def step() -> None:
        for h_BN in states_TBN:
            out_BN.addmm_(h_BN, weight_NN.t())
        for a_BN in states_TBN:
            torch.mm(a_BN, weight_NN, out=out_BN)
        states_TBN.flatten(0, 1).t() @ states_TBN.flatten(0, 1)

    return step

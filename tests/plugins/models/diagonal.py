"""A model from outside the package: one weight a unit (IndRNN; Li et al., 2018)."""

from dataclasses import dataclass

import torch
from torch import nn

from spectral_bench.nn import MODELS, RecurrentArchitecture, RecurrentConfig, Transition
from spectral_bench.nn.kernels.operators import Dense


@dataclass
class DiagonalConfig(RecurrentConfig):
    start_at: float


class DiagonalTransition(Transition):
    """W = diag(w)."""

    def __init__(self, hidden_size, start_at):
        super().__init__()
        self.hidden_size = hidden_size
        self.diagonal = nn.Parameter(torch.full((hidden_size,), start_at))

    def operator(self, batch_size):
        return Dense(self.weight())

    def weight(self):
        return self.diagonal.diag()


@MODELS.register("diagonal")
class DiagonalArchitecture(RecurrentArchitecture):
    """h_t = φ(diag(w) h_{t-1} + M x_t + b)."""

    Config = DiagonalConfig

    @classmethod
    def build_transition(cls, config):
        return DiagonalTransition(config.hidden_size, config.start_at)

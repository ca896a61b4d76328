"""A model from outside the package: one weight a unit (IndRNN; Li et al., 2018)."""

from dataclasses import dataclass

import torch
from torch import nn

from spectral_bench.nn.kernels.operators import Dense
from spectral_bench.nn.layer_kinds import LAYERS, RecurrentConfig
from spectral_bench.nn.transitions.transition import Transition


@LAYERS.register("diagonal")
class DiagonalTransition(Transition):
    """W = diag(w)."""

    @dataclass
    class Config(RecurrentConfig):
        start_at: float

    def __init__(self, hidden_size, start_at):
        super().__init__()
        self.hidden_size = hidden_size
        self.diagonal = nn.Parameter(torch.full((hidden_size,), start_at))

    @classmethod
    def from_config(cls, config, r):
        return cls(config.hidden_size, config.start_at)

    def operator(self, batch_size):
        return Dense(self.weight())

    def weight(self):
        return self.diagonal.diag()

"""The recurrent matrix that is diagonal: ``indrnn`` (Li et al., 2018; arXiv 1910.06251)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.kernels.operators import LowRank
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.layer_architecture import LayerArchitecture, RecurrentConfig, input_sizes, layer_around
from spectral_bench.nn.model import Interval, Signature
from spectral_bench.nn.transitions.transition import Transition


class DiagonalTransition(Transition):
    """W = diag(u): no unit hears of another; every |u| is clipped to ``bound`` after an update.

    Args:
        hidden_size: N.
        low: the smallest u to start from; they are drawn uniformly.
        bound: the largest, then and later.
    """

    def __init__(self, hidden_size: int, low: float, bound: float) -> None:
        super().__init__()
        self.hidden_size, self.low, self.bound = hidden_size, low, bound
        self.diagonal = nn.Parameter(torch.empty(hidden_size).uniform_(low, bound))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Other numbers from the same interval."""
        self.diagonal.copy_(torch.empty(self.hidden_size).uniform_(self.low, self.bound))

    def operator(self, batch_size: int) -> LowRank:  # noqa: ARG002
        """A diagonal, plus a product of rank 0."""
        return LowRank(
            self.diagonal, self.diagonal.new_empty(self.hidden_size, 0), self.diagonal.new_empty(0, self.hidden_size)
        )

    def weight(self) -> Tensor:
        """W, shape (N, N), differentiable."""
        return self.diagonal.diag()

    def sigma_bounds(self) -> Interval:
        """The singular values are the |u|."""
        return 0.0, self.bound

    @torch.no_grad()
    def constrain_(self) -> None:
        """Clip u."""
        self.diagonal.clamp_(-self.bound, self.bound)


@dataclass
class IndRNNConfig(RecurrentConfig):
    """What ``indrnn`` can be configured with."""

    parameter_kinds = ()

    max_gain: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("max_gain", 1, None)


@MODELS.register("indrnn")
class IndRNNArchitecture(LayerArchitecture[IndRNNConfig]):
    """h_t = φ(u ∘ h_{t-1} + M x_t + b), with |u|ᵀ at most ``max_gain`` over the T steps of a training sequence."""

    Config = IndRNNConfig

    @classmethod
    def build_layers(cls, config: IndRNNConfig, signature: Signature) -> Sequence[Layer]:
        """Layers with u uniform from 0; in the last, if only the last step is read, from what remembers them all."""
        bound = config.max_gain ** (1.0 / signature.length)
        sizes = input_sizes(config, signature)
        lows = [0.0] * len(sizes)
        if signature.last_step_alone:
            lows[-1] = 1.0 / bound
        return [
            layer_around(DiagonalTransition(config.hidden_size, low, bound), config, size)
            for size, low in zip(sizes, lows, strict=True)
        ]

"""The free recurrent matrix: ``rnn`` and ``irnn``."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.transitions.dense import DenseTransition


@dataclass
class DenseConfig(RecurrentConfig):
    """What ``rnn`` and ``irnn`` can be configured with."""

    parameter_kinds = ()

    start: MatrixInit


@MODELS.register("dense")
class DenseArchitecture(RecurrentArchitecture[DenseConfig]):
    """A free W."""

    Config = DenseConfig

    @classmethod
    def build_transition(cls, config: DenseConfig) -> DenseTransition:
        """W from ``config.start``."""
        return DenseTransition(config.hidden_size, config.start)

"""Feed-forward networks with free matrices: ``mlp``, and ``resnet`` (He, Zhang, Ren and Sun, 2016)."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.feed_forward import FeedForwardArchitecture, FeedForwardConfig
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.layer_weights import FreeWeights


@dataclass
class MLPConfig(FeedForwardConfig):
    """What ``mlp`` and ``resnet`` can be configured with."""

    parameter_kinds = ()

    start: MatrixInit


@MODELS.register("mlp")
class MLPArchitecture(FeedForwardArchitecture[MLPConfig]):
    """Free matrices."""

    Config = MLPConfig

    @classmethod
    def build_weights(cls, config: MLPConfig, input_size: int) -> FreeWeights:
        """Matrices from ``config.start``; the margin of a branch is measured from 0, of a plain layer from 1."""
        centre = 0.0 if config.residual else 1.0
        return FreeWeights(input_size, config.hidden_size, config.depth, config.start, centre)

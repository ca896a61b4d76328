"""Feed-forward networks with bounded singular values: ``svdmlp`` and ``svdresnet`` (Zhang, Lei and Dhillon, 2018)."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.feed_forward import FeedForwardArchitecture, FeedForwardConfig
from spectral_bench.nn.layer_weights import FactoredWeights
from spectral_bench.nn.svd_config import FactoredConfig


@dataclass
class SVDMLPConfig(FactoredConfig, FeedForwardConfig):
    """What ``svdmlp`` and ``svdresnet`` can be configured with."""

    def cautions(self) -> tuple[str, ...]:
        """Residual branches around another centre than 0."""
        doubling = (
            f"model.centre={self.centre:g}: beside the identity connections of a residual network, branches of such "
            "singular values may double a gradient in every block; 0 keeps it near 1."
        )
        return (*super().cautions(), doubling) if self.residual and self.centre else super().cautions()


@MODELS.register("svdmlp")
class SVDMLPArchitecture(FeedForwardArchitecture[SVDMLPConfig]):
    """Every matrix U diag(σ) Vᵀ."""

    Config = SVDMLPConfig

    @classmethod
    def build_weights(cls, config: SVDMLPConfig, input_size: int) -> FactoredWeights:
        """Matrices from ``config.start``."""
        return FactoredWeights(
            input_size,
            config.hidden_size,
            config.depth,
            m1=config.m1,
            m2=config.m2,
            sigma_map=config.sigma_map(),
            start=config.start,
            renormalise=config.renormalise,
            rescale_sigma_lr=config.rescales_sigma_lr(),
        )

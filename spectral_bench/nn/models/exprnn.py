"""The orthogonal recurrent matrix by the exponential map: ``exprnn`` and ``dtriv`` (Lezcano-Casado, 2019)."""

from dataclasses import dataclass

from spectral_bench.errors import InputError
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.layer_architecture import RecurrentArchitecture
from spectral_bench.nn.orthogonal_config import SkewConfig
from spectral_bench.nn.transitions.exponential import ExponentialTransition


@dataclass
class ExponentialConfig(SkewConfig):
    """What ``exprnn`` and ``dtriv`` can be configured with."""

    rebase_every: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rebase_every is not None and self.rebase_every < 1:
            raise InputError(f"model.rebase_every={self.rebase_every}: expected at least 1, or null for never.")


@MODELS.register("exprnn")
class ExponentialArchitecture(RecurrentArchitecture[ExponentialConfig]):
    """W = B exp(A)."""

    Config = ExponentialConfig

    @classmethod
    def build_transition(cls, config: ExponentialConfig) -> ExponentialTransition:
        """W from ``config.start``."""
        return ExponentialTransition(config.hidden_size, config.start, config.rebase_every)

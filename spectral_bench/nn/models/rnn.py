"""The free recurrent matrix: ``rnn`` and ``irnn``; regularised, normalised or clipped where asked for."""

from dataclasses import dataclass
from math import isfinite

from spectral_bench.errors import InputError
from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.layer_architecture import RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.orthogonality_penalty import OrthogonalityPenalty
from spectral_bench.nn.transitions.bounded import ClippedTransition, NormalisedTransition, SigmaBound
from spectral_bench.nn.transitions.dense import DenseTransition


@dataclass
class DenseConfig(RecurrentConfig):
    """What ``rnn`` and ``irnn`` can be configured with."""

    parameter_kinds = ()

    start: MatrixInit
    penalise: OrthogonalityPenalty
    penalty_weight: float
    bound: SigmaBound
    r: float
    clip_every: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, low in (("r", 0), ("clip_every", 1)):
            self.check_range(key, low, None)
        if not (self.penalty_weight > 0 and isfinite(self.penalty_weight)):
            raise InputError(
                f"model.penalty_weight={self.penalty_weight}: expected more than 0; model.penalise=none is without."
            )

    def ineffective(self) -> tuple[str, ...]:
        """The weight of no penalty; radius and interval where nothing is clipped."""
        clips = self.bound is SigmaBound.clip
        idle = {
            "penalty_weight": self.penalise is OrthogonalityPenalty.none,
            "r": not clips,
            "clip_every": not clips,
        }
        return tuple(key for key, is_idle in idle.items() if is_idle)


@MODELS.register("dense")
class DenseArchitecture(RecurrentArchitecture[DenseConfig]):
    """A free W."""

    Config = DenseConfig

    @classmethod
    def build_transition(cls, config: DenseConfig) -> DenseTransition:
        """W from ``config.start``."""
        n, start, penalise, weight = config.hidden_size, config.start, config.penalise, config.penalty_weight
        match config.bound:
            case SigmaBound.none:
                return DenseTransition(n, start, penalise=penalise, penalty_weight=weight)
            case SigmaBound.normalise:
                return NormalisedTransition(n, start, penalise=penalise, penalty_weight=weight)
            case SigmaBound.clip:
                return ClippedTransition(
                    n, start, r=config.r, every=config.clip_every, penalise=penalise, penalty_weight=weight
                )

"""One training loop for all models and tasks, and the probes that watch it.

What authors of optimizers and sinks need can be imported from here. It is looked up only when it is asked for, because
some modules of this room are imported where torch is not needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectral_bench.training.observer import (
        EndStatus,
        GradientNorms,
        Measurement,
        Observer,
        Plan,
        RunIdentity,
        Spectrum,
        Update,
    )
    from spectral_bench.training.optimizers import OPTIMIZERS, OptimizerConfig, OptimizerKind

__all__ = [
    "OPTIMIZERS",
    "EndStatus",
    "GradientNorms",
    "Measurement",
    "Observer",
    "OptimizerConfig",
    "OptimizerKind",
    "Plan",
    "RunIdentity",
    "Spectrum",
    "Update",
]

_OF_OPTIMIZERS = ("OPTIMIZERS", "OptimizerConfig", "OptimizerKind")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{'optimizers' if name in _OF_OPTIMIZERS else 'observer'}"), name)

"""The options of each optimizer; ``training`` builds the PyTorch optimizer from them."""

from dataclasses import dataclass

from spectral_bench.config.registry import Registry
from spectral_bench.errors import InputError


@dataclass(frozen=True)
class OptimizerConfig:
    """What every optimizer has."""

    name: str
    lr: float
    lr_decay: float
    weight_decay: float

    def __post_init__(self) -> None:
        if self.lr <= 0:
            raise InputError(f"optimizer.lr={self.lr}: expected more than 0.")
        if not 0 < self.lr_decay <= 1:
            raise InputError(f"optimizer.lr_decay={self.lr_decay}: expected more than 0 and at most 1 (1: no decay).")
        if self.weight_decay < 0:
            raise InputError(f"optimizer.weight_decay={self.weight_decay}: expected at least 0.")


OPTIMIZERS: Registry[OptimizerConfig] = Registry("optimizer.name")


def _check_eps(eps: float) -> None:
    if eps <= 0:
        raise InputError(f"optimizer.eps={eps}: expected more than 0.")


def _check_share(key: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InputError(f"optimizer.{key}={value}: expected at least 0 and less than 1.")


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class AdamConfig(OptimizerConfig):
    """Adam."""

    beta1: float
    beta2: float
    eps: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)
        _check_eps(self.eps)


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True)
class RMSpropConfig(OptimizerConfig):
    """RMSprop."""

    alpha: float
    eps: float
    momentum: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share("alpha", self.alpha)
        _check_share("momentum", self.momentum)
        _check_eps(self.eps)


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGDConfig(OptimizerConfig):
    """Stochastic gradient descent, with momentum or without."""

    momentum: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share("momentum", self.momentum)

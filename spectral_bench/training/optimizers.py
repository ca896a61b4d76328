"""The optimizers a configuration may choose: their keys, and how PyTorch's are built from them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from torch.optim import SGD, Adam, Optimizer, RMSprop

from spectral_bench.config.registry import Registry
from spectral_bench.config.schema import SCALED_KINDS, OptimizerNode
from spectral_bench.errors import InputError
from spectral_bench.nn.constrained import ParameterKind
from spectral_bench.nn.model import Model


@dataclass(frozen=True)
class OptimizerConfig:
    """What every optimizer has: node ``optimizer``."""

    name: str
    lr: float
    orthogonal_lr_scale: float
    spectrum_lr_scale: float
    lr_decay: float
    weight_decay: float

    def __post_init__(self) -> None:
        if self.lr <= 0:
            raise InputError(f"optimizer.lr={self.lr}: expected more than 0.")
        for key in (f"{kind}_lr_scale" for kind in SCALED_KINDS):
            if getattr(self, key) < 0:
                raise InputError(f"optimizer.{key}={getattr(self, key)}: expected at least 0 (0: not trained).")
        if not 0 < self.lr_decay <= 1:
            raise InputError(f"optimizer.lr_decay={self.lr_decay}: expected more than 0 and at most 1 (1: no decay).")
        if self.weight_decay < 0:
            raise InputError(f"optimizer.weight_decay={self.weight_decay}: expected at least 0.")


_C = TypeVar("_C", bound=OptimizerConfig)

#: Parameters with a learning rate of their own, as ``torch.optim`` takes them.
Groups = Sequence[dict[str, Any]]


class OptimizerKind(ABC, Generic[_C]):
    """An optimizer that ``optimizer.name`` can name.

    Attributes:
        Config: the dataclass of its configuration keys, without defaults.
    """

    Config: ClassVar[type[OptimizerConfig]]

    @classmethod
    @abstractmethod
    def build(cls, config: _C, groups: Groups) -> Optimizer:
        """The optimizer over these groups, each of which has its ``lr``."""


OPTIMIZERS: Registry[OptimizerKind[Any]] = Registry("optimizer.name")


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


@OPTIMIZERS.register("adam")
class AdamKind(OptimizerKind[AdamConfig]):
    """Adam (Kingma and Ba, 2015)."""

    Config = AdamConfig

    @classmethod
    def build(cls, config: AdamConfig, groups: Groups) -> Adam:
        """``torch.optim.Adam``."""
        return Adam(groups, betas=(config.beta1, config.beta2), eps=config.eps, weight_decay=config.weight_decay)


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


@OPTIMIZERS.register("rmsprop")
class RMSpropKind(OptimizerKind[RMSpropConfig]):
    """RMSprop, with momentum or without."""

    Config = RMSpropConfig

    @classmethod
    def build(cls, config: RMSpropConfig, groups: Groups) -> RMSprop:
        """``torch.optim.RMSprop``."""
        return RMSprop(
            groups, alpha=config.alpha, eps=config.eps, momentum=config.momentum, weight_decay=config.weight_decay
        )


@dataclass(frozen=True)
class SGDConfig(OptimizerConfig):
    """Stochastic gradient descent, with momentum or without."""

    momentum: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share("momentum", self.momentum)


@OPTIMIZERS.register("sgd")
class SGDKind(OptimizerKind[SGDConfig]):
    """Stochastic gradient descent, with momentum or without."""

    Config = SGDConfig

    @classmethod
    def build(cls, config: SGDConfig, groups: Groups) -> SGD:
        """``torch.optim.SGD``."""
        return SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay)


def build_optimizer(config: OptimizerNode, model: Model) -> Optimizer:
    """The optimizer that ``optimizer.name`` chooses, over the model's own parameter groups.

    The groups carry learning-rate scales of their own (the rescaled rate of σ̂ among them), so the model is asked for
    them instead of ``model.parameters()``. Each remembers its rate for ``decay_rates``.
    """
    scales = {kind: float(getattr(config, f"{kind}_lr_scale")) for kind in ParameterKind}
    optimizer = OPTIMIZERS[config.name].build(config, model.parameter_groups(config.lr, scales))
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


def decay_rates(optimizer: Optimizer, factor: float, epoch: int) -> None:
    """Set every group's rate to ``initial * factor**epoch``: a function of the epoch, so a resume needs no state."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor**epoch


def _check_eps(eps: float) -> None:
    if eps <= 0:
        raise InputError(f"optimizer.eps={eps}: expected more than 0.")


def _check_share(key: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InputError(f"optimizer.{key}={value}: expected at least 0 and less than 1.")

"""The optimizer of a run, from its configuration."""

from typing import Any

from torch.optim import SGD, Adam, Optimizer, RMSprop

from spectral_bench.nn.sequence_model import SequenceModel


def build_optimizer(config: Any, model: SequenceModel) -> Optimizer:
    """The optimizer that ``optimizer.name`` chooses, over the model's own parameter groups.

    The groups carry learning-rate scales of their own (the rescaled rate of σ̂ among them), so the model is asked for
    them instead of ``model.parameters()``.
    """
    groups = model.parameter_groups(config.lr)
    match config.name:
        case "adam":
            return Adam(groups, betas=(config.beta1, config.beta2), eps=config.eps, weight_decay=config.weight_decay)
        case "rmsprop":
            return RMSprop(
                groups, alpha=config.alpha, eps=config.eps, momentum=config.momentum, weight_decay=config.weight_decay
            )
        case "sgd":
            return SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay)
        case _:
            raise AssertionError(f"the configuration let optimizer.name={config.name} through")


def remember_initial_rates(optimizer: Optimizer) -> None:
    """Note each group's own learning rate, from which ``decay_rates`` starts."""
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]


def decay_rates(optimizer: Optimizer, factor: float, epoch: int) -> None:
    """Set every group's rate to ``initial * factor**epoch``: a function of the epoch, so a resume needs no state."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor**epoch

"""Parts of a network whose parameters obey a constraint, found by walking its modules."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Constrained:
    """A mixin for modules that own constrained parameters; every method may be overridden, none has to be.

    Whatever holds such a part (a layer, a model, a module of the user's own) need not pass anything on: the training
    finds it among the modules.
    """

    def constrain_(self) -> None:
        """Bring the parameters back, after an update, to where they must lie."""

    @property
    def structural_zeros(self) -> int:
        """Entries of the parameters that are zero by construction, and so do not count as parameters."""
        return 0

    def learning_rate_scales(self) -> Mapping[nn.Parameter, float]:
        """Parameters whose learning rate is to be multiplied by a factor."""
        return {}

    @property
    def penalised(self) -> bool:
        """Whether ``penalty`` is to be added to the training loss."""
        return False

    def penalty(self) -> Tensor:
        """What is to be added to the training loss, a scalar."""
        return torch.zeros(())


def constrain_(module: nn.Module) -> None:
    """Constrain every part of a module; to be called after each update of its parameters."""
    for part in module.modules():
        if isinstance(part, Constrained):
            part.constrain_()

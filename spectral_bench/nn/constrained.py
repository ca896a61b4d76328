"""Parts of a network whose parameters obey a constraint, found by walking its modules."""

from collections.abc import Mapping
from enum import StrEnum

from torch import Tensor, nn


class ParameterKind(StrEnum):
    """What a parameter is for, where it may have a learning rate of its own: ``optimizer.KIND_lr_scale``.

    * ``orthogonal``: an orthogonal matrix is made of it: reflectors, a skew-symmetric matrix.
    * ``spectrum``: singular values are made of it.
    """

    orthogonal = "orthogonal"
    spectrum = "spectrum"


class Constrained:
    """A mixin for modules that own constrained parameters; every method may be overridden, none has to be.

    A layer whose weights are to stay in [-1, 1] and small:

        class Bounded(nn.Linear, Constrained):
            def constrain_(self):
                with torch.no_grad():
                    self.weight.clamp_(-1.0, 1.0)

            def loss_term(self):
                return 0.01 * self.weight.square().sum()

    Whatever holds such a part (a layer, a model, a module of the user's own) need not pass anything on: the training
    finds it among the modules.
    """

    def constrain_(self) -> None:
        """Bring the parameters back, after an update, to where they must lie."""

    def structural_zeros(self) -> Mapping[Tensor, int]:
        """How many entries of a parameter are zero by construction, and so are not counted as trainable numbers."""
        return {}

    def parameter_kinds(self) -> Mapping[nn.Parameter, ParameterKind]:
        """What parameters are for, of those whose learning rate a configuration may scale."""
        return {}

    def learning_rate_scales(self) -> Mapping[nn.Parameter, float]:
        """Parameters whose learning rate is to be multiplied by a factor."""
        return {}

    def loss_term(self) -> Tensor | None:
        """What is to be added to the training loss, a scalar; None: nothing."""
        return None


def constrain_(module: nn.Module) -> None:
    """Constrain every part of a module; to be called after each update of its parameters."""
    for part in module.modules():
        if isinstance(part, Constrained):
            part.constrain_()

"""What every model states of itself: the face that training, runs and readers see.

Axes: T time, B batch, D input, K outputs.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor, nn

from spectral_bench.nn.constrained import Constrained, ParameterKind, constrain_
from spectral_bench.nn.gradient_trace import GradientTrace

#: The state of every layer, bottom first: (h,) each, or (h, c) for LSTM; parts of shape (B, ...). Empty for a model
#: that has none.
State = list[tuple[Tensor, ...]]

#: A smallest and a largest value.
Interval = tuple[float, float]


class TraceAxis(StrEnum):
    """What a model's gradient is traced over: the time steps of a recurrence, or the layers of a deep network."""

    time = "time"
    depth = "depth"


@dataclass(frozen=True)
class Signature:
    """The problem a model is built for.

    Attributes:
        input_size: features of one time step, or the size of the vocabulary when inputs are tokens.
        output_size: values (or class scores) of one prediction.
        length: time steps of one training sequence.
        every_step: a prediction at every time step, or only after the last.
        embedding_size: None for real-valued inputs; for tokens, the width of the embedding they pass through.
        unequal_lengths: the sequences of a batch end at different steps, and the prediction after the last is read at
            each one's own. ``build_model`` asks the architecture for a prediction at every step then, from which
            ``at_last_steps`` takes these: no model needs to know. One that predicts once all the same, as feed-forward
            networks do, has read the padding as well.
    """

    input_size: int
    output_size: int
    length: int
    every_step: bool
    embedding_size: int | None = None
    unequal_lengths: bool = False

    @property
    def last_step_alone(self) -> bool:
        """Whether the loss looks at one step of a sequence, its last."""
        return not self.every_step or self.unequal_lengths


def at_last_steps(outputs_TBK: Tensor, lengths_B: Tensor) -> Tensor:
    """The prediction of each sequence at its own last step, shape (B, K).

    Args:
        outputs_TBK: predictions at every step, those after the end of a sequence included.
        lengths_B: steps of each sequence, 1..T.
    """
    return outputs_TBK[lengths_B - 1, torch.arange(len(lengths_B), device=lengths_B.device)]


@dataclass(frozen=True)
class Facts:
    """What can be said of a model's gradients before it is trained; readers of runs rely on nothing else.

    Numbers of NumPy become plain ones: the facts go into a manifest.

    Attributes:
        sigma: the smallest and the largest singular value that the traced matrices can have; None where they are free,
            or where there is no matrix.
        centre: σ*, the value from which the spectral margin max |σ − σ*| is measured.
        slopes: the smallest and the largest absolute slope of the activation; None where the step from one state to the
            next is more than matrices and pointwise activations, as in gated cells.
        every_step: whether a loss sits at every step, so that gradients add up on their way back.
        layers: traced layers, on top of each other in a recurrent network; 1 where depth itself is traced.
        trace_axis: what the gradient is traced over.
        step: the smallest and the largest factor by which one step back changes the norm of a gradient, where that is
            not a singular value times a slope: of h + F(h), 1 ± the largest of F. None: it is, or there is no bound.
        traced: what a traced state is made of, in the symbols of the model, for people: ``h``, or ``(h, c)``. A norm is
            that of all parts together.

    Raises:
        ValueError: a number is not finite, bounds are out of order or negative, there is no layer, or what is traced
            has no name.
    """

    sigma: Interval | None = None
    centre: float = 1.0
    slopes: Interval | None = None
    every_step: bool = False
    layers: int = 1
    trace_axis: TraceAxis = TraceAxis.time
    step: Interval | None = None
    traced: str = "h"

    def __post_init__(self) -> None:
        plain = {
            "sigma": _interval("sigma", self.sigma),
            "centre": _number("centre", self.centre),
            "slopes": _interval("slopes", self.slopes),
            "every_step": bool(self.every_step),
            "layers": _count("layers", self.layers),
            "trace_axis": TraceAxis(self.trace_axis),
            "step": _interval("step", self.step),
            "traced": _symbol("traced", self.traced),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return asdict(self)


class Model(nn.Module, ABC):
    """A network for one task, with everything a training has to know of it."""

    @abstractmethod
    def forward(
        self, inputs: Tensor, state: State | None = None, trace: GradientTrace | None = None
    ) -> tuple[Tensor, State]:
        """Predict.

        Args:
            inputs: (T, B, D) real values, or (T, B) int64 tokens.
            state: where to begin; None: at the model's own initial state.
            trace: where the backward pass writes gradient norms over the model's trace axis.

        Returns:
            Outputs, shape (T, B, K) or (B, K) as the signature asks, and the final state.
        """

    @abstractmethod
    def facts(self) -> Facts:
        """What can be said of the model's gradients before it is trained."""

    @abstractmethod
    def singular_values(self) -> dict[tuple[int, str], Tensor]:
        """Of every traced matrix, by layer and name in the layer, the largest first, in double precision.

        ``matrix_singular_values`` computes them of a matrix. Empty for a model without a matrix.
        """

    def evaluation_floats(self, length: int) -> int | None:  # noqa: ARG002
        """Numbers that one sequence of ``length`` steps holds at once in an evaluation; None: as many as in training.

        For estimates of memory.
        """
        return None

    def constrain_(self) -> None:
        """Bring every constrained part back to where it must lie: to be called after each update."""
        constrain_(self)

    def penalty(self) -> Tensor | None:
        """What is to be added to the training loss beside the task's own, a scalar; None: nothing."""
        terms = [term for part in self._constrained() if (term := part.loss_term()) is not None]
        return torch.stack(terms).sum() if terms else None

    def num_parameters(self) -> int:
        """Trainable real numbers: a complex one counts twice, an entry that is zero by construction does not count."""
        zeros: dict[Tensor, int] = {}
        for part in self._constrained():
            zeros |= part.structural_zeros()
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return sum((1 + p.is_complex()) * (p.numel() - zeros.get(p, 0)) for p in trained)

    def parameter_groups(
        self, lr: float, kind_scales: Mapping[ParameterKind, float] | None = None
    ) -> list[dict[str, Any]]:
        """Groups for a ``torch.optim`` optimizer: parameters that share a learning rate, in a fixed order.

        Args:
            lr: of what has no scale.
            kind_scales: factors for parameters of a kind; one that a part asks for itself comes on top.
        """
        scales: dict[nn.Parameter, float] = {}
        for part in self._constrained():
            scales |= part.learning_rate_scales()
            for parameter, kind in part.parameter_kinds().items():
                scales[parameter] = scales.get(parameter, 1.0) * (kind_scales or {}).get(kind, 1.0)
        by_scale: dict[float, list[nn.Parameter]] = {1.0: []}
        for parameter in self.parameters():
            by_scale.setdefault(scales.get(parameter, 1.0), []).append(parameter)
        return [{"params": parameters, "lr": lr * scale} for scale, parameters in by_scale.items()]

    def _constrained(self) -> Iterator[Constrained]:
        return (module for module in self.modules() if isinstance(module, Constrained))


def _number(name: str, value: Any) -> float:
    """A plain float.

    NumPy's numbers are registered as ``numbers.Real``; a tensor is not, nor is anything that has to be converted.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise ValueError(f"the fact '{name}' must be a finite number, got {value!r}")
    return float(value)


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"the fact '{name}' must be a whole number of at least 1, got {value!r}")
    return int(value)


def _symbol(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 80:
        raise ValueError(f"the fact '{name}' must be a line of 1 to 80 characters, got {value!r}")
    return str(value)


def _interval(name: str, bounds: Any) -> Interval | None:
    if bounds is None:
        return None
    if not isinstance(bounds, Sequence) or len(bounds) != 2:
        raise ValueError(f"the fact '{name}' must be None or two numbers, got {bounds!r}")
    low, high = (_number(name, bound) for bound in bounds)
    if not 0.0 <= low <= high:
        raise ValueError(f"the fact '{name}' must be a smallest and a largest absolute value, got {bounds!r}")
    return low, high

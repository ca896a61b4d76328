"""What kinds of recurrent layer there are, and what every kind can be configured with.

Defaults and explanations stand in ``conf/model/*.yaml`` and nowhere else; the classes here hold types and ranges.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from torch import Tensor

from spectral_bench.config.registry import Registry
from spectral_bench.errors import InputError
from spectral_bench.nn.activations import ActivationName
from spectral_bench.nn.recurrent import InputInit
from spectral_bench.nn.trace import GradientTrace

_NAME = re.compile(r"[A-Za-z][\w.-]*", flags=re.ASCII)


@dataclass
class ModelConfig:
    """What all models have: node ``model``."""

    name: str
    layer: str
    hidden_size: int
    num_layers: int
    dropout: float
    learn_h0: bool

    def __post_init__(self) -> None:
        for key in ("hidden_size", "num_layers"):
            self.check_range(key, 1, None)
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"model.dropout={self.dropout}: expected at least 0 and less than 1.")
        # The name is that of a folder of results.
        if not _NAME.fullmatch(self.name):
            raise InputError(f"model.name='{self.name}': expected letters, digits, '-', '_' and '.', a letter first.")

    @property
    def uses_radius(self) -> bool:
        """Whether the root key ``r`` means anything to a model configured like this."""
        return False

    def check_range(self, key: str, low: float, high: float | None) -> None:
        """Refuse a value outside ``[low, high]``; None: no upper end.

        Raises:
            InputError: naming the key, its value and what was expected.
        """
        value = getattr(self, key)
        if value < low or (high is not None and value > high):
            expected = f"at least {low}" if high is None else f"{low} to {high}"
            raise InputError(f"model.{key}={value}: expected {expected}.")


@dataclass
class RecurrentConfig(ModelConfig):
    """What models have whose layer is h_t = φ(W h_{t-1} + M x_t + b)."""

    activation: ActivationName
    leak: float
    input_start: InputInit
    input_scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("leak", 0, 1)
        self.check_range("input_scale", 0, None)

    def check_reflectors(self, *keys: str) -> None:
        """Refuse numbers of reflectors outside 0..hidden_size.

        Raises:
            InputError: naming all such keys, their values and the hidden size.
        """
        beyond = [key for key in keys if not 0 <= getattr(self, key) <= self.hidden_size]
        if beyond:
            # Often only the hidden size was typed, and the reflectors are those of a recipe.
            raise InputError(
                f"{', '.join(f'model.{key}={getattr(self, key)}' for key in beyond)}: expected 0 to "
                f"model.hidden_size={self.hidden_size} reflectors; a smaller hidden size needs these set as well."
            )


class Layer(Protocol):
    """The face of a recurrent layer. Axes: T time, B batch, D input, N hidden."""

    hidden_size: int

    def __call__(
        self,
        x_TBD: Tensor,
        state: tuple[Tensor, ...] | None = None,
        trace: GradientTrace | None = None,
        index: int = 0,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """States (T, B, N) and the final state, whose first part is h_T."""
        ...

    def recurrent_matrices(self) -> dict[str, Tensor]:
        """Every recurrent matrix by its name in the layer, detached, shape (N, N)."""
        ...

    def constrain_(self) -> None:
        """To be called after each update of the parameters."""
        ...


class LayerKind(ABC):
    """A kind of layer that ``model.layer`` can name.

    Attributes:
        Config: the dataclass of its configuration keys, without defaults.
    """

    Config: ClassVar[type[ModelConfig]]

    @classmethod
    @abstractmethod
    def build_layer(cls, config: Any, input_size: int, r: float) -> Layer:
        """One layer with fresh weights; ``config`` is a ``Config`` of this kind."""


LAYERS: Registry[LayerKind] = Registry("model.layer")

"""Architectures that are a stack of equal recurrent layers with a linear readout."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import nn

from spectral_bench.errors import InputError
from spectral_bench.nn.activations import ActivationName, build_activation
from spectral_bench.nn.architecture import Architecture, SizedConfig
from spectral_bench.nn.layer import Layer
from spectral_bench.nn.model import Signature
from spectral_bench.nn.recurrent import InputInit, RecurrentLayer
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.nn.stack import RecurrentStack
from spectral_bench.nn.transitions.transition import Transition


@dataclass
class LayerConfig(SizedConfig):
    """What all stacks of recurrent layers have."""

    num_layers: int
    dropout: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("num_layers", 1, None)
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"model.dropout={self.dropout}: expected at least 0 and less than 1.")

    def cautions(self) -> tuple[str, ...]:
        """Dropout between layers, of one layer."""
        alone = f"model.dropout={self.dropout:g} acts between layers, and there is only one (model.num_layers=1)."
        return (*super().cautions(), alone) if self.dropout and self.num_layers == 1 else super().cautions()


_L = TypeVar("_L", bound=LayerConfig)


class LayerArchitecture(Architecture[_L], Generic[_L]):
    """A stack of recurrent layers; a subclass says what one of them is.

    It overrides ``build_layer``, or ``build_layers`` where a layer depends on its place or on the problem.
    """

    @classmethod
    def build_layer(cls, config: _L, input_size: int) -> Layer:
        """One layer with fresh weights.

        Raises:
            ValueError: values do not fit together.
        """
        raise NotImplementedError(f"{cls.__name__} says neither what a layer is nor what all of them are")

    @classmethod
    def build_layers(cls, config: _L, signature: Signature) -> Sequence[Layer]:
        """All layers, bottom first.

        Raises:
            ValueError: values do not fit together.
        """
        return [cls.build_layer(config, size) for size in input_sizes(config, signature)]

    @classmethod
    def build(cls, config: _L, signature: Signature) -> SequenceModel:
        """``config.num_layers`` layers, an embedding for tokens, and a readout."""
        vocabulary, width = signature.input_size, signature.embedding_size
        dropout = config.dropout if config.num_layers > 1 else 0.0
        stack = RecurrentStack(cls.build_layers(config, signature), dropout)
        embedding = nn.Embedding(vocabulary, width) if width else None
        return SequenceModel(stack, signature.output_size, every_step=signature.every_step, embedding=embedding)


def input_sizes(config: LayerConfig, signature: Signature) -> list[int]:
    """D of every layer, bottom first."""
    bottom = signature.embedding_size or signature.input_size
    return [bottom] + [config.hidden_size] * (config.num_layers - 1)


@dataclass
class RecurrentConfig(LayerConfig):
    """What models have whose layer is h_t = φ(W h_{t-1} + M x_t + b)."""

    learn_h0: bool
    activation: ActivationName
    leak: float
    input_start: InputInit
    input_scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_range("leak", 0, 1)
        self.check_range("input_scale", 0, None)

    def unused(self) -> tuple[str, ...]:
        """The leak of another activation."""
        return super().unused() if self.activation == ActivationName.leaky_relu else (*super().unused(), "leak")

    def has_input_bias(self) -> bool:
        """Whether there is a b; for models whose authors leave it out to override."""
        return True


_R = TypeVar("_R", bound=RecurrentConfig)


class RecurrentArchitecture(LayerArchitecture[_R], Generic[_R]):
    """Layers h_t = φ(W h_{t-1} + M x_t + b); a subclass says what W is."""

    @classmethod
    @abstractmethod
    def build_transition(cls, config: _R) -> Transition:
        """A fresh W.

        Raises:
            ValueError: values do not fit together.
        """

    @classmethod
    def build_layer(cls, config: _R, input_size: int) -> RecurrentLayer:
        """A recurrent layer around a fresh transition."""
        return layer_around(cls.build_transition(config), config, input_size)


def layer_around(transition: Transition, config: RecurrentConfig, input_size: int) -> RecurrentLayer:
    """A layer with fresh input weights, as ``config`` says, around a transition."""
    return RecurrentLayer(
        input_size,
        transition,
        build_activation(config.activation, config.hidden_size, config.leak),
        bias=config.has_input_bias(),
        learn_h0=config.learn_h0,
        input_start=config.input_start,
        input_scale=config.input_scale,
    )

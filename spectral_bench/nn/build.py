"""From a configuration to a model."""

from dataclasses import dataclass
from typing import Any

from torch import nn

import spectral_bench.nn.transitions  # noqa: F401 (files the transitions in LAYERS)
from spectral_bench.errors import InputError
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.layer_kinds import LAYERS, LayerKind, ModelConfig
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.nn.stack import RecurrentStack

__all__ = ["LAYERS", "build_model"]


@LAYERS.register("lstm")
class LSTMKind(LayerKind):
    """Long short-term memory."""

    @dataclass
    class Config(ModelConfig):
        """What ``lstm`` can be configured with."""

        forget_bias: float

    @classmethod
    def build_layer(cls, config: Any, input_size: int, r: float) -> LSTMLayer:  # noqa: ARG003
        """An LSTM layer; it has no radius."""
        return LSTMLayer(input_size, config.hidden_size, forget_bias=config.forget_bias, learn_h0=config.learn_h0)


@LAYERS.register("gru")
class GRUKind(LayerKind):
    """Gated recurrent unit."""

    Config = ModelConfig

    @classmethod
    def build_layer(cls, config: Any, input_size: int, r: float) -> GRULayer:  # noqa: ARG003
        """A GRU layer; it has no radius."""
        return GRULayer(input_size, config.hidden_size, learn_h0=config.learn_h0)


def build_model(
    config: ModelConfig,
    *,
    r: float,
    input_size: int,
    output_size: int,
    every_step: bool,
    embedding_size: int | None = None,
) -> SequenceModel:
    """A model with fresh weights, drawn from torch's global generator.

    Args:
        config: the ``Config`` of the layer that ``config.layer`` names.
        r: the sigma radius, for layers that have one.
        input_size: D, or the size of the vocabulary if there is an embedding.
        output_size: K.
        every_step: an output for every time step, or only after the last.
        embedding_size: width of the embedding of tokens; None for real-valued inputs.

    Raises:
        InputError: the layer is unknown, or its values do not fit together.
    """
    kind = LAYERS[config.layer]
    sizes = [embedding_size or input_size] + [config.hidden_size] * (config.num_layers - 1)
    try:
        stack = RecurrentStack([kind.build_layer(config, size, r) for size in sizes], config.dropout)
    except ValueError as error:
        raise InputError(f"model={config.name}: {error}") from error
    embedding = nn.Embedding(input_size, embedding_size) if embedding_size else None
    return SequenceModel(stack, output_size, every_step=every_step, embedding=embedding)

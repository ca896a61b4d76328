"""The gated cells: ``lstm`` and ``gru``."""

from dataclasses import dataclass

from spectral_bench.nn.architecture import MODELS
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig


@dataclass
class LSTMConfig(LayerConfig):
    """What ``lstm`` can be configured with."""

    parameter_kinds = ()

    learn_h0: bool
    forget_bias: float


@MODELS.register("lstm")
class LSTMArchitecture(LayerArchitecture[LSTMConfig]):
    """Long short-term memory."""

    Config = LSTMConfig

    @classmethod
    def build_layer(cls, config: LSTMConfig, input_size: int) -> LSTMLayer:
        """An LSTM layer."""
        return LSTMLayer(input_size, config.hidden_size, forget_bias=config.forget_bias, learn_h0=config.learn_h0)


@dataclass
class GRUConfig(LayerConfig):
    """What ``gru`` can be configured with."""

    parameter_kinds = ()

    learn_h0: bool


@MODELS.register("gru")
class GRUArchitecture(LayerArchitecture[GRUConfig]):
    """Gated recurrent unit."""

    Config = GRUConfig

    @classmethod
    def build_layer(cls, config: GRUConfig, input_size: int) -> GRULayer:
        """A GRU layer."""
        return GRULayer(input_size, config.hidden_size, learn_h0=config.learn_h0)

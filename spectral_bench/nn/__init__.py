"""Networks with bounded singular values and their baselines: layers, models, and the kernels they run on."""

import spectral_bench.nn.models  # noqa: F401 (registers the architectures)
from spectral_bench.nn.activations import Activation, ActivationName, build_activation
from spectral_bench.nn.architecture import MODELS, Architecture, ModelConfig, build_model
from spectral_bench.nn.constrained import Constrained, constrain_
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.gradient_trace import GradientTrace, trace_states
from spectral_bench.nn.layer import Layer, LayerFacts
from spectral_bench.nn.layer_architecture import LayerArchitecture, LayerConfig, RecurrentArchitecture, RecurrentConfig
from spectral_bench.nn.model import Facts, Model, Signature, State, TraceAxis, at_last_steps
from spectral_bench.nn.parametrize import SVDParametrization, svd_parametrize
from spectral_bench.nn.plain_rnn import TwoSidedRNN
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.scan import scan
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.nn.singular_values import matrix_singular_values
from spectral_bench.nn.spectral_rnn import SpectralRNN
from spectral_bench.nn.stack import RecurrentStack
from spectral_bench.nn.svd_linear import SVDLinear
from spectral_bench.nn.transitions import DenseTransition, HouseholderTransition, SVDTransition, Transition

__all__ = [
    "MODELS",
    "Activation",
    "ActivationName",
    "Architecture",
    "Constrained",
    "DenseTransition",
    "Facts",
    "GRULayer",
    "GradientTrace",
    "HouseholderTransition",
    "LSTMLayer",
    "Layer",
    "LayerArchitecture",
    "LayerConfig",
    "LayerFacts",
    "Model",
    "ModelConfig",
    "RecurrentArchitecture",
    "RecurrentConfig",
    "RecurrentLayer",
    "RecurrentStack",
    "SVDLinear",
    "SVDParametrization",
    "SVDTransition",
    "SequenceModel",
    "Signature",
    "SpectralRNN",
    "State",
    "TraceAxis",
    "Transition",
    "TwoSidedRNN",
    "at_last_steps",
    "build_activation",
    "build_model",
    "constrain_",
    "matrix_singular_values",
    "scan",
    "svd_parametrize",
    "trace_states",
]

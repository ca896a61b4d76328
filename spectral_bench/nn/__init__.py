"""Recurrent layers and linear layers with bounded singular values, the kernels they run on, and models made of them."""

from spectral_bench.nn.activations import Activation, ActivationName
from spectral_bench.nn.build import build_model
from spectral_bench.nn.gated import GRULayer, LSTMLayer
from spectral_bench.nn.layer_kinds import LAYERS
from spectral_bench.nn.parametrize import SVDParametrization, svd_parametrize
from spectral_bench.nn.recurrent import RecurrentLayer
from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.nn.spectral_rnn import SpectralRNN
from spectral_bench.nn.stack import RecurrentStack
from spectral_bench.nn.svd_linear import SVDLinear
from spectral_bench.nn.trace import GradientTrace
from spectral_bench.nn.transitions import DenseTransition, HouseholderTransition, SVDTransition, Transition

__all__ = [
    "LAYERS",
    "Activation",
    "ActivationName",
    "DenseTransition",
    "GRULayer",
    "GradientTrace",
    "HouseholderTransition",
    "LSTMLayer",
    "RecurrentLayer",
    "RecurrentStack",
    "SVDLinear",
    "SVDParametrization",
    "SVDTransition",
    "SequenceModel",
    "SpectralRNN",
    "Transition",
    "build_model",
    "svd_parametrize",
]

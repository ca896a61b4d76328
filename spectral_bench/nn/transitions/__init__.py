"""The recurrent matrix of a layer: free, orthogonal, or with bounded singular values."""

from spectral_bench.nn.transitions.bounded import ClippedTransition, NormalisedTransition
from spectral_bench.nn.transitions.dense import DenseTransition
from spectral_bench.nn.transitions.exponential import ExponentialTransition
from spectral_bench.nn.transitions.factorized import FactorizedTransition
from spectral_bench.nn.transitions.householder import HouseholderTransition
from spectral_bench.nn.transitions.scaled_cayley import ScaledCayleyTransition
from spectral_bench.nn.transitions.svd_transition import SVDTransition
from spectral_bench.nn.transitions.transition import Transition

__all__ = [
    "ClippedTransition",
    "DenseTransition",
    "ExponentialTransition",
    "FactorizedTransition",
    "HouseholderTransition",
    "NormalisedTransition",
    "SVDTransition",
    "ScaledCayleyTransition",
    "Transition",
]

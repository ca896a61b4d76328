"""The recurrent matrix of a layer: free, orthogonal, or with bounded singular values."""

from spectral_bench.nn.transitions.dense import DenseTransition
from spectral_bench.nn.transitions.householder import HouseholderTransition
from spectral_bench.nn.transitions.svd_transition import SVDTransition
from spectral_bench.nn.transitions.transition import Transition

__all__ = ["DenseTransition", "HouseholderTransition", "SVDTransition", "Transition"]

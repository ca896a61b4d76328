"""The recurrent matrix of a layer: free, orthogonal, or with bounded singular values.

Every module of this package is imported, so a new transition is one new file.
"""

from importlib import import_module
from pkgutil import iter_modules

from spectral_bench.nn.transitions.dense import DenseTransition
from spectral_bench.nn.transitions.householder import HouseholderTransition
from spectral_bench.nn.transitions.svd_transition import SVDTransition
from spectral_bench.nn.transitions.transition import Transition

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["DenseTransition", "HouseholderTransition", "SVDTransition", "Transition"]

"""The launchers, one file each. None imports its engine before it is constructed.

Every module of this package is imported here, so that a new launcher needs no more than its own file and its yaml.
"""

from importlib import import_module
from pkgutil import iter_modules

from spectral_bench.launch.launcher import LAUNCHERS

__all__ = ["LAUNCHERS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

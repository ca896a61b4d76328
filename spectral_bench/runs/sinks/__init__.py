"""Sinks: other tools that a run is written to while it happens, one file each. They change no number.

Every module of this package is imported here, so that a new sink needs no more than its own file. None imports its tool
before it is constructed.
"""

from importlib import import_module
from pkgutil import iter_modules

from spectral_bench.runs.sinks.harmless import open_sinks
from spectral_bench.runs.sinks.sink_registry import SINKS

__all__ = ["SINKS", "open_sinks"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

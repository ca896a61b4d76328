"""What ``--sink`` can name.

An entry is an ``Observer``. It is constructed without arguments before anything trains, and imports there what it
needs, so that a tool that is not installed is missed early. It opens what it writes to in ``on_start``. Its attribute
``install``, if it has one, is the command that installs what it needs.
"""

from spectral_bench.config.registry import Registry
from spectral_bench.training.observer import Observer

SINKS: Registry[Observer] = Registry("sink")

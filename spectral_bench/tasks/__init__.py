"""Tasks: each knows its data, its loss, its metric, its baseline and when it counts as solved.

Every module of this package is imported here, so that a new task needs no more than its own file to be registered.
"""

from importlib import import_module
from pkgutil import iter_modules

from spectral_bench.nn.model import Signature
from spectral_bench.tasks.task import TASKS, Baseline, Batch, Metric, Split, Task

__all__ = ["TASKS", "Baseline", "Batch", "Metric", "Signature", "Split", "Task"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

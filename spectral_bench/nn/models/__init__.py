"""The architectures of this project, one file each.

Every module of this package is imported, so that a new architecture needs no more than its own file.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

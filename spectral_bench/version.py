"""The version of the package: a module of its own, so that no room imports the package root to read it."""

__version__ = "0.1.0"

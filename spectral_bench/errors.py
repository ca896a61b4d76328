"""Errors a user can cause or meet, each with the exit code of the command line."""


class SpectralBenchError(Exception):
    """An expected failure: its message is shown to the user without a traceback."""

    exit_code = 1


class InputError(SpectralBenchError, ValueError):
    """What the user typed or configured is wrong; the message names the value and what was expected."""

    exit_code = 2


class DataError(SpectralBenchError):
    """A data file is missing or damaged; the message names the file and the command that gets it."""

    exit_code = 3


class StorageError(SpectralBenchError):
    """A run's files can no longer be written; the message names the file and the reason."""


class LockedError(SpectralBenchError):
    """Another process is at work in the run directory; the message says which, and since when."""


class SignalExit(SystemExit):
    """A signal asked the program to end at once: not to be taken for code that calls ``sys.exit``."""

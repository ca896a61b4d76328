"""From the names of sinks to observers that cannot harm a run."""

from collections.abc import Callable, Sequence

from spectral_bench.errors import InputError
from spectral_bench.runs.sinks.harmless import HarmlessSink
from spectral_bench.runs.sinks.sink_registry import SINKS
from spectral_bench.training.observer import Observer


def open_sinks(names: Sequence[str], warn: Callable[[str], None]) -> list[Observer]:
    """The sinks of one run.

    Args:
        names: each a name in ``SINKS``.
        warn: is handed one message for a sink that fails while the run goes on.

    Raises:
        InputError: there is no such sink, or what it needs is not installed; the message says what installs it.
    """
    return [HarmlessSink(name, _constructed(name), warn) for name in names]


def _constructed(name: str) -> Observer:
    kind = SINKS[name]
    try:
        return kind()
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else str(error)
        command = getattr(kind, "install", None) or f"pip install {missing.partition('.')[0]}"
        raise InputError(f"--sink {name} needs {missing}, which is not installed: {command}") from error
    except Exception as error:
        raise InputError(f"--sink {name} cannot be used: {type(error).__name__}: {error}") from error

"""Does bounding the singular values of a recurrent matrix keep gradients alive, and at what cost?"""

from typing import TYPE_CHECKING, Any

from spectral_bench.version import __version__

if TYPE_CHECKING:
    from spectral_bench.records.frames import Runs, load_runs

__all__ = ["Runs", "__version__", "load_runs"]


def __getattr__(name: str) -> Any:
    """Imports what needs pandas when it is asked for: the command line must answer at once."""
    if name in ("Runs", "load_runs"):
        from spectral_bench.records import frames

        return getattr(frames, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

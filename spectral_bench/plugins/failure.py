"""Why a plugin cannot be used, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import FrameSummary, extract_tb

from spectral_bench.errors import SignalExit, SpectralBenchError


def reason_of(error: BaseException) -> str:
    """Why a plugin cannot be used, in one line, with the place where that is in a file of the plugin."""
    if isinstance(error, SpectralBenchError):
        return str(error).rstrip(".")
    if isinstance(error, SyntaxError):
        return f"is not valid Python: {error.msg}{_place(error.filename, error.lineno)}"
    if isinstance(error, SystemExit):
        message = "it ends the program when it is imported"
    elif isinstance(error, ModuleNotFoundError):
        message = f"needs the module '{error.name}', which is not installed"
    else:
        first_line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        message = ": ".join(filter(None, [type(error).__name__, first_line]))
    frame = _guilty_frame(error)
    return message + (_place(frame.filename, frame.lineno) if frame else "")


@contextmanager
def no_exit() -> Iterator[None]:
    """Keep models and tasks from ending the program: a run says how it ended, and a grid has more points.

    Raises:
        SpectralBenchError: they called ``sys.exit``; with what they said, and the place.
    """
    try:
        yield
    except SystemExit as error:
        if isinstance(error, SignalExit):
            raise
        frame = _guilty_frame(error)
        place = _place(frame.filename, frame.lineno) if frame else ""
        raise SpectralBenchError(f"sys.exit({error.code!r}) was called{place}; only a signal may end a run.") from error


def _guilty_frame(error: BaseException) -> FrameSummary | None:
    """The last place in the plugin, or beside it, that an error passed; deeper ones are in other people's code."""
    package = Path(__file__).parent.parent
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and package not in (path := Path(frame.filename)).parents
        and path.parent.name != "importlib"
    ]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(frames[0].filename).parent)]
    return own[-1] if own else None


def _place(filename: str | None, line: int | None) -> str:
    return f" ({Path(filename).name}, line {line})" if filename and line else ""

"""Standard streams that can be written to, whatever the program was started with."""

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

#: The name under which the codecs of Python know ``_as_bytes``.
_ERRORS = "spectral_bench.as_bytes"


def prepare_streams() -> None:
    """Let stdout and stderr take any text, and open those that were closed before the program began (``>&-``).

    Python has None for a closed stream, and the next file that is opened gets its number: what a library then writes
    to standard output would stand in that file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(_nowhere(number), mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(_ERRORS, _as_bytes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape", "backslashreplace"):
            stream.reconfigure(errors=_ERRORS)


def flush_streams() -> None:
    """Write what is buffered, or else see that Python does not try it once more at its end, and complain.

    Raises:
        OSError: standard output cannot be written; what was buffered is lost.
    """
    try:
        sys.stdout.flush()
    except OSError:
        silence(sys.stdout)
        raise
    finally:
        try:
            sys.stderr.flush()
        except OSError:
            silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Redirect the descriptor of a stream to the null device, which swallows buffered and later output."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _nowhere(number: int) -> int:
    """The null device under this number, or another if something has this one already."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor == number:
        return descriptor
    try:
        os.fstat(number)
    except OSError:
        os.dup2(descriptor, number)
        os.close(descriptor)
        return number
    return descriptor


def _as_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Encode what an encoding lacks: the bytes of a file name that are no text as they are, else as ``\u03c3``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    try:
        return lacking.encode("ascii", "surrogateescape"), error.end
    except UnicodeEncodeError:
        return lacking.encode("ascii", "backslashreplace"), error.end

"""Write to a reader that may close the pipe: ``spectral-bench run ... | head -1``."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO


@contextmanager
def outliving_readers() -> Iterator[None]:
    """Continue silently when nobody reads stdout or stderr any more: losing the display must not lose the run."""
    streams = _Outliving(sys.stdout), _Outliving(sys.stderr)
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()


class _Outliving:
    """A stream whose reader may disappear: a closed pipe, a terminal that hung up.

    Args:
        stream: where to write as long as possible.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if there is still a reader."""
        try:
            return self._stream.write(text)
        except OSError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        """Flush, if there is still a reader."""
        try:
            self._stream.flush()
        except OSError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        """Redirect the descriptor to the null device, which swallows buffered and later output."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

"""Write to a reader that may close the pipe: ``spectral-bench run ... | head -1``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from spectral_bench.ui.standard_streams import silence


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
            silence(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush, if there is still a reader."""
        try:
            self._stream.flush()
        except OSError:
            silence(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

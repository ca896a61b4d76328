"""What nobody expected to fail: one line for the user, and a file with the rest for whoever mends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spectral_bench.version import __version__

#: Environment variable that shows the traceback of any error.
TRACEBACK_VARIABLE = "SPECTRAL_BENCH_TRACEBACK"


def told_in_a_line(error: Exception) -> str:
    """Describe an error that is no answer to what the user did, and write its traceback into a log file.

    Returns:
        The line to show: what happened, and where the file is.
    """
    happened = _first_line(error)
    if isinstance(error, OSError) and error.strerror:
        happened = error.strerror + (f" ({error.filename})" if error.filename else "")
    file = _logged(error)
    where = "no log file could be written" if file is None else f"for a report, all that is known of it is in {file}"
    return f"{type(error).__name__}: {happened}. This was not expected; {where}."


def _first_line(error: Exception) -> str:
    try:
        text = str(error)
    except Exception:  # somebody else's exception may fail at this, too
        text = ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "without a word"


def _logged(error: Exception) -> Path | None:
    """Write the log file; None if that is possible nowhere."""
    import platform
    import shlex
    import traceback
    from datetime import datetime
    from tempfile import gettempdir

    from spectral_bench.config.data_folder import log_dir

    text = "\n".join(
        [
            shlex.join(["spectral-bench", *sys.argv[1:]]),
            f"in {_current_folder()}, spectral-bench {__version__}, Python {platform.python_version()}, "
            f"{platform.platform()}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    name = f"spectral-bench-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    for folder in (log_dir(), Path(gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return folder / name
    return None


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:  # it was removed
        return "a folder that is gone"

"""Where a run lives: ``results_dir/TASK/MODEL/RUN_ID/``."""

import secrets
from datetime import datetime
from pathlib import Path

from spectral_bench.errors import InputError


def new_run_directory(results_dir: Path, task: str, model: str, seed: int) -> Path:
    """Make a directory that no other run has, not even one started in the same second on another host.

    The identifier sorts by start time and ends in random digits; ``mkdir`` refuses a directory that exists, so a
    collision is noticed and another identifier drawn.

    Raises:
        InputError: the results folder cannot be written.
    """
    parent = results_dir / task / model
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            started = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
            path = parent / f"{started}-seed{seed}-{secrets.token_hex(3)}"
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise InputError(
            f"results_dir={results_dir} cannot be written: {error.strerror} ({error.filename}). "
            "Choose a folder you may write with results_dir=FOLDER."
        ) from error

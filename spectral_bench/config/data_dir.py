"""Where the data sets lie."""

import os
from pathlib import Path

import platformdirs

#: Environment variable that names the folder of data sets.
DATA_VARIABLE = "SPECTRAL_BENCH_DATA"


def data_dir(configured: str | Path | None = None) -> Path:
    """The folder of data sets: as configured, else ``$SPECTRAL_BENCH_DATA``, else the user's data folder."""
    if configured is None:
        configured = os.environ.get(DATA_VARIABLE) or platformdirs.user_data_path("spectral-bench")
    return Path(configured).expanduser()

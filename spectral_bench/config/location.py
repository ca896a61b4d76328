"""The default folder of data sets."""

import os
from pathlib import Path

import platformdirs

#: Environment variable that names the folder of data sets.
DATA_VARIABLE = "SPECTRAL_BENCH_DATA"


def default_data_dir() -> Path:
    """``$SPECTRAL_BENCH_DATA`` if that is set, else the user's data folder."""
    configured = os.environ.get(DATA_VARIABLE)
    return Path(configured) if configured else Path(platformdirs.user_data_path("spectral-bench"))

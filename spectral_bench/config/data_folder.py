"""The folders of a user: data sets by default, what may be deleted at any time, and logs."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

#: Environment variable that names the folder of data sets.
DATA_VARIABLE = "SPECTRAL_BENCH_DATA"

_NAME = "spectral-bench"


def default_data_dir() -> Path:
    """``$SPECTRAL_BENCH_DATA`` if that is set, else the user's data folder.

    Where nobody has a home, as in some containers, it is a folder in the current one.
    """
    configured = os.environ.get(DATA_VARIABLE)
    return Path(configured) if configured else _folder(platformdirs.user_data_dir) or Path(f"{_NAME}-data")


def cache_dir() -> Path | None:
    """The user's folder for what can be made again; None where the user has no home."""
    return _folder(platformdirs.user_cache_dir)


def log_dir() -> Path | None:
    """The user's folder for logs; None where the user has no home."""
    return _folder(platformdirs.user_log_dir)


def _folder(of_user: Callable[[str], str]) -> Path | None:
    try:
        folder = Path(of_user(_NAME))
    except RuntimeError:  # there is neither $HOME nor an entry for this user in the list of users
        return None
    return folder if folder.is_absolute() else None  # older versions of platformdirs leave the ~ in it

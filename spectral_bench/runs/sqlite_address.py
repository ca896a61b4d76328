"""The address of an SQLite database, for libraries that open it by SQLAlchemy."""

import os
from pathlib import Path
from urllib.parse import quote


def sqlite_address(file: Path) -> str:
    """The address of a file of any name: what stands behind a ``?`` in it would otherwise be taken for options."""
    return f"sqlite:///file:{quote(os.fsencode(file.as_posix()))}?uri=true"

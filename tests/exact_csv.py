"""Tables of text, read to the last digit by any version of pandas."""

from pathlib import Path
from typing import Any

import pandas as pd

#: From 3.1 on pandas reads numbers exactly, and warns where it is asked to.
_EXACTLY: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)


def read_exactly(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, **_EXACTLY)

"""A digest of the rows of a table that does not depend on the files they lie in."""

from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa


class RowDigest:
    """SHA-256 over rows that are added in their order.

    Each column is hashed for itself, so that it makes no difference how many rows come at a time.

    Args:
        schema: of the table.

    Attributes:
        rows: how many were added.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.rows = 0
        self._columns = [sha256() for _ in schema]

    def add(self, rows: pa.Table) -> None:
        """Add rows that have the columns of the schema."""
        self.rows += rows.num_rows
        for digest, column in zip(self._columns, rows.columns, strict=True):
            for chunk in column.chunks:
                digest.update(_as_bytes(chunk))

    def mark(self) -> dict[str, Any]:
        """What a checkpoint records of the rows so far."""
        return {"rows": self.rows, "sha256": sha256(b"".join(one.digest() for one in self._columns)).hexdigest()}


def _as_bytes(values: pa.Array) -> bytes:
    if pa.types.is_string(values.type):
        return "".join(f"{text}\0" for text in values.to_pylist()).encode()
    numbers = values.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(numbers, dtype=numbers.dtype.newbyteorder("<")).tobytes()

"""Compare the tables of a run with what its checkpoints promise of them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spectral_bench.errors import DataError
from spectral_bench.runs.parted_table import SCHEMAS, read_part
from spectral_bench.runs.row_digest import RowDigest
from spectral_bench.runs.safe_reading import read_bytes
from spectral_bench.runs.table_files import all_parts, foreign_files, part_steps, table_files


def table_problems(directory: Path, checkpoint: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the traces of a run: a message for each file that is damaged, and for rows that changed.

    Args:
        directory: of the run.
        checkpoint: tells what the tables held when it was made; None: nothing is known.
    """
    step = checkpoint["trainer"]["progress"]["step"] if checkpoint is not None else 0
    promised = checkpoint.get("traces", {}) if checkpoint is not None else {}
    return [
        problem
        for name, schema in SCHEMAS.items()
        for problem in _problems(directory / name, schema, promised.get(name), step)
    ]


def strange_files(directory: Path) -> list[str]:
    """A message for every file that lies among the parts of a table, where other programs read it as one."""
    return [
        f"{file}: is not a part of this run's table." for name in SCHEMAS for file in foreign_files(directory / name)
    ]


def _problems(path: Path, schema: pa.Schema, promised: Mapping[str, Any] | None, step: int) -> list[str]:
    found, digest = [], RowDigest(schema)
    for file in table_files(path):
        try:
            rows = read_part(file, schema)
        except DataError as error:
            found.append(str(error))
        else:
            digest.add(rows.filter(pc.less(rows["step"], step)))
    if found or promised is None:
        return found
    if "rows" not in promised:
        return _problems_of_parts(path, promised, step)
    if digest.rows != promised["rows"]:
        rows = f"{digest.rows:,} rows of the steps before {step:,}"
        return [f"{path}: has {rows}, and had {promised['rows']:,} at the last checkpoint."]
    return [] if digest.mark() == promised else [f"{path}: is not what it was at the last checkpoint."]


def _problems_of_parts(path: Path, promised: Mapping[str, str], step: int) -> list[str]:
    """The same by the digests of parts, which checkpoints of formats 1 and 2 hold.

    They say nothing any more once the run has gone on in this format and the parts are other ones.
    """
    if table_files(path) and not path.is_dir():
        return []
    lacking, found = dict(promised), []
    for part in all_parts(path):
        steps, digest = part_steps(part), lacking.pop(part.name, None)
        if digest is None and steps is not None and steps[0] < step:
            found.append(f"{part}: was not there at the last checkpoint.")
        elif digest not in (None, sha256(read_bytes(part)).hexdigest()):
            found.append(f"{part}: is not what it was at the last checkpoint.")
    return found + [f"{path / name}: is not there." for name in sorted(lacking)]

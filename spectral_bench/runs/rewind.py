"""Cut the tables of a run back to one of its checkpoints: what came later will come again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spectral_bench.runs import metrics_file
from spectral_bench.runs.layout import METRICS, parts_folder
from spectral_bench.runs.parted_table import SCHEMAS, read_part, remove_parts, write_part
from spectral_bench.runs.table_files import all_parts, part_name, part_steps, table_files


def rewind_tables(directory: Path, checkpoint: Mapping[str, Any] | None) -> None:
    """Cut the tables of a run back to a checkpoint, or to nothing, and let them be ready to grow.

    Raises:
        DataError: a trace is damaged.
        OSError: a file cannot be written.
    """
    if checkpoint is None:
        (directory / METRICS).unlink(missing_ok=True)
    else:
        metrics_file.rewind_metrics(directory / METRICS, checkpoint["metrics"])
    step = checkpoint["trainer"]["progress"]["step"] if checkpoint else 0
    for name, schema in SCHEMAS.items():
        rewind_table(directory / name, schema, step)


def rewind_table(path: Path, schema: pa.Schema, step: int) -> None:
    """Leave the rows before ``step``, in parts. At any moment of it, a reader finds them once.

    Args:
        path: of the one file of a run that is not growing; formats 1 and 2 had a folder there.
        schema: names and types of the columns.
        step: the rows of this step and later ones are removed.
    """
    folder = path.parent / parts_folder(path.name)
    if path.is_dir():
        path.rename(folder)
    elif path.exists():
        _as_one_part(path, folder, schema, step)
    kept = table_files(path)
    for part in all_parts(path):
        first, last = part_steps(part) or (step, step)
        if part in kept and first < step <= last:
            rows = read_part(part, schema)
            write_part(folder, rows.filter(pc.less(rows["step"], step)))
        if part not in kept or last >= step:
            part.unlink()
    for leftover in folder.glob(".steps-*"):
        leftover.unlink()


def _as_one_part(path: Path, folder: Path, schema: pa.Schema, step: int) -> None:
    """Let the one file be the only part, unless none of its rows stays."""
    remove_parts(path)  # which are what a crash left when this file had been made of them
    steps = read_part(path, schema)["step"] if step else ()
    if len(steps):
        folder.mkdir(exist_ok=True)
        path.rename(folder / part_name(*pc.min_max(steps).as_py().values()))
    else:
        path.unlink()

"""Compare the files of a run with the digests in its manifest and its newest intact checkpoint."""

from dataclasses import dataclass
from typing import Any

from spectral_bench.errors import DataError
from spectral_bench.runs import metrics_file, parted_table
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.layout import METRICS
from spectral_bench.runs.saved_run import SavedRun


@dataclass(frozen=True)
class Inspection:
    """The result of an inspection.

    Attributes:
        checkpoints: the intact ones, the newest first.
        damaged: a message for every checkpoint or configuration that changed after it was written.
        damaged_tables: the same for tables; a replay has nothing to be compared with then.
    """

    checkpoints: list[dict[str, Any]]
    damaged: list[str]
    damaged_tables: list[str]


def inspect(run: SavedRun) -> Inspection:
    """Inspect every file of a run without changing any.

    Raises:
        InputError: this version does not know such a configuration.
    """
    found = Inspection([], [], [])
    checkpoints = Checkpoints(run.directory, run.manifest)
    for path in checkpoints.paths():
        try:
            found.checkpoints.append(checkpoints.load(path))
        except DataError as error:
            found.damaged.append(str(error))
    try:
        run.check_config()
    except DataError as error:
        found.damaged.append(str(error))
    newest = found.checkpoints[0] if found.checkpoints else None
    try:
        if newest is not None:
            metrics_file.check_metrics(run.directory / METRICS, newest["metrics"])
    except DataError as error:
        found.damaged_tables.append(str(error))
    for name, schema in parted_table.SCHEMAS.items():
        sealed = newest.get("traces", {}).get(name) if newest is not None else None
        step = newest["trainer"]["progress"]["step"] if newest is not None else 0
        found.damaged_tables.extend(parted_table.part_problems(run.directory / name, schema, sealed, step))
    return found

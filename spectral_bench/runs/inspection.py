"""Compare the files of a run with the digests in its manifest and its newest intact checkpoint."""

from dataclasses import dataclass
from typing import Any

from spectral_bench.errors import DataError
from spectral_bench.runs import metrics_file
from spectral_bench.runs.checkpoint import Checkpoints
from spectral_bench.runs.layout import METRICS
from spectral_bench.runs.saved_run import SavedRun
from spectral_bench.runs.table_checks import strange_files, table_problems


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
    found.damaged_tables.extend([*strange_files(run.directory), *table_problems(run.directory, newest)])
    return found

"""A run that exists, from its first update on once more: to compare with what it recorded, or as a run of its own."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from spectral_bench.config.data_folder import DATA_VARIABLE
from spectral_bench.errors import DataError
from spectral_bench.runs.data_read import check_data, where_data_lies
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import recorded_threads
from spectral_bench.runs.saved_run import SavedRun, read_saved_run
from spectral_bench.runs.session import Prepared
from spectral_bench.training.divergence import DivergedError


def prepare_again(run: SavedRun, data_dir: Path | None = None, results_dir: Path | None = None) -> Prepared:
    """A run in its initial state, however long it may take here.

    Args:
        run: as it was saved.
        data_dir: where its data lies; None: where it lay when the run was made, or else where it lies for this user.
        results_dir: for a run of its own; None: as it was.

    Raises:
        InputError: it does not fit this machine.
        DataError: a file of its data is missing or damaged, or the data has changed.
    """
    config = run.experiment()
    data_dir = data_dir or where_data_lies(run.manifest, config.data_dir)
    config = replace(config, data_dir=data_dir, train=replace(config.train, max_minutes=None))
    if results_dir is not None:
        config = replace(config, results_dir=results_dir)
    try:
        prepared = prepare(config, recorded_threads(run.manifest))
    except DataError as error:
        named = f"--data-dir FOLDER (claims: data_dir=FOLDER), or ${DATA_VARIABLE}"
        raise DataError(f"{error}\nOr name the folder of its data: {named}.") from error
    check_data(run.manifest, prepared.task.digests)
    return prepared


def make_again(directory: Path, into: Path, data_dir: Path | None = None) -> str | None:
    """Train the configuration of a run with its seed to the end, in this environment.

    Args:
        directory: of the run; nothing in it is changed.
        into: the folder of results for the new one. If it diverges, it says so there.
        data_dir: as for ``prepare_again``.

    Returns:
        What stopped it early (``SIGTERM``); None: nothing did.

    Raises:
        InputError: this is not a run, or it does not fit this machine.
        DataError: a file of it, or of its data, is missing or damaged, or the data has changed.
        StorageError: there is no room for the new one.
    """
    prepared = prepare_again(read_saved_run(directory), data_dir, into)
    with suppress(DivergedError):
        return execute(prepared).stopped_by
    return None

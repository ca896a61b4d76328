"""Train once more what a run trained, as a run of its own."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from spectral_bench.runs.data_read import where_data_lies
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.reopen import recorded_threads
from spectral_bench.runs.saved_run import read_saved_run
from spectral_bench.training.divergence import DivergedError


def make_again(directory: Path, into: Path, data_dir: Path | None = None) -> str | None:
    """Train the configuration of a run with its seed, from the first update to the last, in this environment.

    Args:
        directory: of the run; nothing in it is changed.
        into: the folder of results for the new one. If it diverges, it says so there.
        data_dir: where its data lies; None: where it lay when the run was made, or else where it lies for this user.

    Returns:
        What stopped it early (``SIGTERM``); None: nothing did.

    Raises:
        InputError: this is not a run, or it does not fit this machine.
        DataError: a file of it, or of its data, is missing or damaged.
    """
    run = read_saved_run(directory)
    config = run.experiment()
    data_dir = data_dir or where_data_lies(run.manifest, config.data_dir)
    config = replace(config, results_dir=into, data_dir=data_dir, train=replace(config.train, max_minutes=None))
    prepared = prepare(config, recorded_threads(run.manifest))
    with suppress(DivergedError):
        return execute(prepared).stopped_by
    return None

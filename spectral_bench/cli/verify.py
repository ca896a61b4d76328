"""``spectral-bench verify``: replay a run's updates and check that the numbers are the same."""

from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import RunDirectory


def verify(
    run_dir: RunDirectory,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Updates to replay; default: all that were recorded.")
    ] = None,
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="Replay from the first update, not from the previous checkpoint.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of data sets; default: where the run's data lay, else $SPECTRAL_BENCH_DATA or the user's."
        ),
    ] = None,
    _plugins: Plugins = None,
) -> None:
    """Replay a run from a checkpoint, and say whether every number is what was recorded, to the last bit.

    Exits with 1 when one differs, and says which first, and what changed in the environment since.
    """
    from spectral_bench.config.typed import expanded_path
    from spectral_bench.records.discovery import run_directory
    from spectral_bench.runs.verification import verify_run as replay
    from spectral_bench.ui.verification_result import end_by_verification, show_verification

    folder = None if data_dir is None else expanded_path(data_dir, "--data-dir")
    found = replay(run_directory(run_dir), steps, whole=whole, data_dir=folder)
    show_verification(found)
    end_by_verification(found)

"""``spectral-bench status``: how runs stand, those at work with their progress."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.run_options import Paths


def status_(
    paths: Paths = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again every two seconds, until Ctrl-C.")] = False,
) -> None:
    """Say how runs stand: by status, how far those at work are (on other hosts, too), disk use, stale claims."""
    from rich.console import Console

    from spectral_bench.errors import InputError
    from spectral_bench.ui.status_tables import show_run_states

    default = Path("results")
    if not paths and not default.exists():
        raise InputError("There is no folder 'results' here: name one, or make runs with spectral-bench run.")
    with suppress(KeyboardInterrupt):
        show_run_states(paths or [default], Console(), watch=watch)

"""``spectral-bench report``: everything the runs say, as one page."""

from __future__ import annotations

import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.help_panels import OUTPUT, SHOWN
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Paths, Where, read_every_run, those_that_fulfil
from spectral_bench.errors import InputError, SpectralBenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Seconds between two pages of ``--watch``.
_EVERY = 30


class _NoRunsError(InputError):
    """There are none to report, which a watch waits for."""


def report(
    paths: Paths = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.", rich_help_panel=OUTPUT)
    ] = Path("report.html"),
    where: Where = None,
    claims: Annotated[
        Path | None,
        typer.Option(
            "--claims", metavar="FILE", help="Claims of your own, laid out like claims.yaml.", rich_help_panel=SHOWN
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Write it again every half minute, from the first run in its folders on; the open page follows. "
            "Ctrl-C ends.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    _plugins: Plugins = None,
) -> None:
    r"""Write one page to read in a browser: verdicts, tables, and curves to look into. It needs no server, no network.

    For every task: results, loss and metric, gradient norms over time at every stage of training, singular values.

    It is drawn by Plotly: pip install "spectral-bench\[report]".
    """
    from spectral_bench.web.page_file import plotly_library

    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"-o {output}: expected a name that ends in .html.")
    plotly_library()
    if watch:
        _keep_writing(lambda: _write(paths, where, claims, output, watched=True))
    else:
        _write(paths, where, claims, output, watched=False)


def _keep_writing(write: Callable[[], None]) -> None:
    """Write the page again and again, until Ctrl-C.

    It waits while there is no run, and later for whatever else comes in the way, such as a folder that is gone for a
    moment. At the start anything else is a word that was typed wrong.

    Raises:
        SpectralBenchError: something else is wrong at the start.
    """
    at_start, last_message = True, ""
    with suppress(KeyboardInterrupt):
        while True:
            try:
                write()
                last_message = ""
            except SpectralBenchError as error:
                if at_start and not isinstance(error, _NoRunsError):
                    raise
                if str(error) != last_message:
                    last_message = str(error)
                    typer.echo(f"{last_message} Waiting; Ctrl-C ends the watch.")
            at_start = False
            time.sleep(_EVERY)


def _write(
    paths: list[Path] | None, where: Sequence[str] | None, claims: Path | None, output: Path, *, watched: bool
) -> None:
    """Write the page.

    Raises:
        InputError: there are no runs, or the file cannot be written.
    """
    from spectral_bench.claims.load_claims import load_claims
    from spectral_bench.claims.verdict import judge_all
    from spectral_bench.records.grouping import sections
    from spectral_bench.report.numbers import counted
    from spectral_bench.runs.effective_config import EffectiveConfigs
    from spectral_bench.ui.delivery import write_named
    from spectral_bench.web.page_file import page_text
    from spectral_bench.web.report_payload import report_payload

    known = load_claims(claims)
    every = read_every_run(paths)
    found = those_that_fulfil(where or [], every)
    if not found.runs:
        raise _NoRunsError(" ".join(found.notes) or "There are no runs to report.")
    # What is left out of the tables still counts as evidence.
    configure = EffectiveConfigs()
    verdicts = judge_all(known.values(), every.runs, configure, claims)
    command = shlex.join(["spectral-bench", *sys.argv[1:]])
    deciding = {run.run_id for verdict in verdicts for run in verdict.deciding}
    searching = {run.run_id for verdict in verdicts for run in verdict.searching} - deciding
    shown = [run for run in found.runs if run.run_id not in searching] or found.runs
    if len(shown) < len(found.runs):
        left = counted(len(found.runs) - len(shown), "run")
        found.notes.append(f"{left} of searches: with the claims, not with the tasks.")
    payload = report_payload(sections(shown), verdicts, found.notes, command, claims)
    write_named(output, page_text(payload, watched=watched))
    typer.echo(f"{output}: {counted(len(found.runs), 'run')}, {output.stat().st_size / 1e6:.1f} MB")

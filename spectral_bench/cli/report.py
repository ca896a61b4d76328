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

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds between two pages of ``--watch``.
_EVERY = 30


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
            help="Write it again every half minute; the open page follows. Ctrl-C ends.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    _plugins: Plugins = None,
) -> None:
    """Write one page to read in a browser: verdicts, tables, and curves to look into. It needs no server, no network.

    For every task: results, loss and metric, gradient norms over time at every stage of training, singular values.
    """
    from spectral_bench.errors import InputError

    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"-o {output}: expected a name that ends in .html.")
    _write(paths, where, claims, output, watched=watch)
    with suppress(KeyboardInterrupt):
        while watch:
            time.sleep(_EVERY)
            _write(paths, where, claims, output, watched=True)


def _write(
    paths: list[Path] | None, where: Sequence[str] | None, claims: Path | None, output: Path, *, watched: bool
) -> None:
    """Write the page.

    Raises:
        InputError: there are no runs, or the file cannot be written.
    """
    from spectral_bench.claims.load_claims import load_claims
    from spectral_bench.claims.verdict import judge_all
    from spectral_bench.errors import InputError
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
        raise InputError(" ".join(found.notes) or "There are no runs to report.")
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

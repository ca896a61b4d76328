"""``spectral-bench compare``: which model won, by how much, and whether it may be luck."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.reading import Paths, Where, deliver, read


class Format(StrEnum):
    """How to write a report."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"
    latex = "latex"


def compare(
    paths: Paths = None,
    *,
    metric: Annotated[
        str, typer.Option(help="Judge by this field of the summaries: test, test_at_best, loss_test, ms_per_step, ...")
    ] = "test",
    sort: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Sort by a field or configuration key, --sort=-KEY for descending."),
    ] = None,
    where: Where = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="KEY", help="Put runs together that agree in KEY, whatever else differs."),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to write it; default: as -o asks.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
) -> None:
    """Compare runs: a row for those that differ in nothing but the seed, a table for every task.

    Means come with 95 % bootstrap intervals over the seeds. Runs that diverged or did not end are counted.
    """
    from rich.console import Console

    from spectral_bench.analysis import comparison
    from spectral_bench.analysis.groups import sections

    console = Console()
    found = read(paths, where)
    report = comparison.compare(sections(found.runs, by or []), field=metric, sort=sort, notes=found.notes)
    deliver(report, console, form=form, output=output)

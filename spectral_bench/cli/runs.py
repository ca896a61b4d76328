"""``spectral-bench runs``: a list of runs, and order among them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from spectral_bench.cli.completion import complete_key
from spectral_bench.cli.help_panels import KEEPING, OUTPUT, SHOWN
from spectral_bench.cli.run_options import FormatOption, Paths, Where, chosen_format, read_runs
from spectral_bench.errors import InputError


def runs(
    paths: Paths = None,
    *,
    where: Where = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Sort by a field, --sort=-KEY for descending; default: the newest first.",
            autocompletion=complete_key,
            rich_help_panel=SHOWN,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="KEY,...", help="What to list: seed, r, test, optimizer.lr, path, note, ...", rich_help_panel=SHOWN
        ),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="WORD", help="Tag these runs.", rich_help_panel=KEEPING)
    ] = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", metavar="WORD", help="Take a tag away.", rich_help_panel=KEEPING)
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Note this about these runs; '' removes it.", rich_help_panel=KEEPING),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.tar.zst",
            help="Pack these runs into a file. Needs spectral-bench\\[archive]; a .tar.gz does not.",
            rich_help_panel=KEEPING,
        ),
    ] = None,
    rm: Annotated[
        bool,
        typer.Option("--rm", help="Delete these runs (with --archive: once they are packed).", rich_help_panel=KEEPING),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.", rich_help_panel=KEEPING)] = False,
    form: FormatOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", rich_help_panel=OUTPUT)
    ] = None,
) -> None:
    """List runs; tag, note, archive or delete those that --where selects.

    Labels stand in a file of their own, and every verb that reads runs takes --where tag=WORD. What a process is at
    work on is neither archived nor deleted.
    """
    from rich.console import Console

    from spectral_bench.runs.labels import check_tags
    from spectral_bench.runs.run_archive import check_archive
    from spectral_bench.ui import run_keeping

    wanted = chosen_format(form, output)
    add, remove = check_tags(tag or []), check_tags(untag or [])
    if archive is not None:
        check_archive(archive)
    found = read_runs(paths, where)
    if not (add or remove or rm) and note is None and archive is None:
        from spectral_bench.report.run_listing import run_listing
        from spectral_bench.ui.delivery import deliver

        chosen = [word.strip() for word in columns.split(",")] if columns else []
        deliver(run_listing(found.runs, chosen, sort, found.notes), Console(), form=wanted, output=output)
        return
    _refuse_idle({"--sort": sort, "--columns": columns, "--format": form, "--output": output})
    for message in found.notes:
        typer.echo(f"Note: {message}", err=True)
    if found.runs and (add or remove or note is not None):
        run_keeping.label_all(found.runs, add, remove, note)
    idle = run_keeping.idle_only(found.runs) if rm or archive is not None else []
    if idle and rm and not yes:
        run_keeping.confirm_removal(idle)
    if idle and archive is not None:
        run_keeping.archive_all(idle, archive)
    if idle and rm:
        run_keeping.remove_all(idle)


def _refuse_idle(listing: Mapping[str, object]) -> None:
    """Refuse an option about the list where none is printed.

    Raises:
        InputError: naming it.
    """
    for option, value in listing.items():
        if value is not None:
            raise InputError(
                f"{option} is about the list, which is not printed where runs are labelled, packed or deleted."
            )

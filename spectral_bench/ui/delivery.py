"""Deliver a report: on the screen, as text for a program, or into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.report.document import Report


def deliver(report: Report, console: Console, *, form: str, output: Path | None = None) -> None:
    """Print a report or write it to a file.

    If the report is for a program, it is UTF-8, whatever the terminal, and notes about excluded runs go to stderr.
    Bytes of file names that are no text become escapes, as JSON has them.

    Raises:
        InputError: the file cannot be written.
    """
    from spectral_bench.report.formats import FORMATS
    from spectral_bench.ui.table_printer import show_report

    if form == "table" and output is None:
        show_report(report, console)
        return
    text = FORMATS[form](report) if form != "table" else as_text(report, console.width)
    for note in report.notes:
        typer.echo(f"Note: {note}", err=True)
    if output is None:
        typer.echo(text.encode(errors="backslashreplace"), nl=False)
    else:
        write_named(output, text)


def write_named(path: Path, text: str) -> None:
    """Write a file the user named.

    Raises:
        InputError: it cannot be written.
    """
    from spectral_bench.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def as_text(report: Report, width: int) -> str:
    """What is printed of a report in so many columns."""
    import io

    from rich.console import Console

    from spectral_bench.ui.table_printer import show_report

    text = io.StringIO()
    show_report(report, Console(file=text, width=width))
    return text.getvalue()

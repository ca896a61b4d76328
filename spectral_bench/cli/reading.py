"""What the verbs that read runs have in common."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from spectral_bench.analysis.load import Collection
    from spectral_bench.analysis.report import Report

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Folders of runs, at any depth; default: results.", show_default=False),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="KEY=VALUE", help="Only these runs; also != < <= > >=. Can be repeated."),
]


class Format(StrEnum):
    """How to write a report."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"
    latex = "latex"


Form = Annotated[Format | None, typer.Option("--format", help="How to write it; default: as -o asks.")]
PlainForm = Annotated[Format | None, typer.Option("--format", help="How to write the table.")]

_DEFAULT = Path("results")

#: The format a file name asks for.
_FORMAT_OF = {
    ".txt": Format.table,
    ".csv": Format.csv,
    ".json": Format.json,
    ".md": Format.markdown,
    ".tex": Format.latex,
}


def chosen_format(form: Format | None, output: Path | None) -> Format:
    """The format that was asked for, or that the file's name asks for.

    Raises:
        InputError: neither says which.
    """
    from spectral_bench.errors import InputError

    if form is not None or output is None:
        return form or Format.table
    if output.suffix.lower() not in _FORMAT_OF:
        raise InputError(f"-o {output}: expected a name that ends in {', '.join(_FORMAT_OF)}, or --format.")
    return _FORMAT_OF[output.suffix.lower()]


def read(paths: list[Path] | None, where: list[str] | None) -> Collection:
    """The runs a user means.

    Raises:
        InputError: a path does not exist, or a condition cannot be understood.
    """
    from spectral_bench.analysis.load import Collection, collect
    from spectral_bench.analysis.selection import select

    chosen = paths or [_DEFAULT]
    if not paths and not _DEFAULT.exists():
        return Collection([], ["There is no folder 'results' here: name one, or make runs with spectral-bench run."])
    found = collect(chosen)
    if not found.runs:
        searched = ", ".join(map(str, chosen))
        return Collection([], [*found.notes, f"No runs in {searched}. Make some with spectral-bench run."])
    selected = select(found.runs, where or [])
    if not selected:
        return Collection([], [*found.notes, f"None of {len(found.runs)} runs fulfils {' and '.join(where or [])}."])
    return Collection(selected, found.notes)


def deliver(report: Report, console: Console, *, form: Format, output: Path | None = None) -> None:
    """Print a report or write it to a file.

    Notes about runs that were left out go to stderr where the report is for a program. What is for a program is UTF-8,
    whatever the terminal is.

    Raises:
        InputError: the file cannot be written.
    """
    from spectral_bench.analysis.formats import FORMATS
    from spectral_bench.cli.tables import show_report

    if form == "table" and output is None:
        show_report(report, console)
        return
    text = FORMATS[form](report) if form != "table" else _as_text(report, console.width)
    for note in report.notes:
        typer.echo(f"Note: {note}", err=True)
    if output is None:
        typer.echo(text.encode(), nl=False)
    else:
        write(output, text)


def write(path: Path, text: str) -> None:
    """Write a file the user named.

    Raises:
        InputError: it cannot be written.
    """
    from spectral_bench.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _as_text(report: Report, width: int) -> str:
    import io

    from rich.console import Console

    from spectral_bench.cli.tables import show_report

    text = io.StringIO()
    show_report(report, Console(file=text, width=width))
    return text.getvalue()

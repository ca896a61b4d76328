"""What the verbs that read runs have in common."""

from __future__ import annotations

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

_DEFAULT = Path("results")

#: The format a file name asks for.
_FORMAT_OF = {".csv": "csv", ".json": "json", ".md": "markdown", ".tex": "latex"}


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


def deliver(report: Report, console: Console, *, form: str | None, output: Path | None) -> None:
    """Print a report or write it to a file, in the format that was asked for or that the file's name asks for.

    Notes about runs that were left out go to stderr where the report is for a program.

    Raises:
        InputError: the file cannot be written.
    """
    from spectral_bench.analysis.formats import FORMATS
    from spectral_bench.cli.tables import show_report

    form = form or (_FORMAT_OF.get(output.suffix.lower(), "table") if output else "table")
    if form == "table" and output is None:
        show_report(report, console)
        return
    text = FORMATS[form](report) if form != "table" else _as_text(report, console.width)
    for note in report.notes:
        typer.echo(f"Note: {note}", err=True)
    if output is None:
        typer.echo(text, nl=False)
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

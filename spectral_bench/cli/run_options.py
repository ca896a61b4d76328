"""Options and arguments shared by the verbs that read runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spectral_bench.records.collection import Collection

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


FormatOption = Annotated[Format | None, typer.Option("--format", help="How to write it; default: as -o asks.")]
TableFormatOption = Annotated[Format | None, typer.Option("--format", help="How to write the table.")]

Picture = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Draw into FILE.png, .svg or .pdf; one file for each task."),
]
Show = Annotated[bool, typer.Option("--show", help="Draw with characters, here.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Write the numbers behind the pictures as csv.")
]

_DEFAULT = Path("results")

#: The format that a file name implies.
_FORMAT_OF = {
    ".txt": Format.table,
    ".csv": Format.csv,
    ".json": Format.json,
    ".md": Format.markdown,
    ".tex": Format.latex,
}


def chosen_format(form: Format | None, output: Path | None) -> Format:
    """The requested format, or the one that the file name implies.

    Raises:
        InputError: there is no option, and the name implies no format.
    """
    from spectral_bench.errors import InputError

    if form is not None or output is None:
        return form or Format.table
    if output.suffix.lower() not in _FORMAT_OF:
        raise InputError(f"-o {output}: expected a name that ends in {', '.join(_FORMAT_OF)}, or --format.")
    return _FORMAT_OF[output.suffix.lower()]


def read_runs(paths: list[Path] | None, where: list[str] | None) -> Collection:
    """The runs at the given paths that satisfy the conditions.

    Raises:
        InputError: a path does not exist, or a condition is invalid.
    """
    from spectral_bench.records.collection import Collection, collect
    from spectral_bench.records.selection import select

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

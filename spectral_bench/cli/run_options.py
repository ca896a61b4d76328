"""Options and arguments shared by the verbs that read runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.completion import complete_key, complete_run, complete_where
from spectral_bench.cli.help_panels import OUTPUT, RUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectral_bench.records.collection import Collection
    from spectral_bench.records.run_record import Run

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH|RUN_ID]...",
        help="Folders of runs, at any depth, or ids of runs in ./results; default: results.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
RunDirectory = Annotated[
    Path,
    typer.Argument(
        metavar="PATH|RUN_ID",
        help="The directory of the run, or the id of one in ./results, or its beginning.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="KEY=VALUE",
        help="Only these runs; also != < <= > >=, and KEY=A,B for either. Can be repeated: all must hold.",
        autocompletion=complete_where,
        rich_help_panel=RUNS,
    ),
]
Best = Annotated[
    list[str] | None,
    typer.Option(
        "--best",
        metavar="KEY",
        help="Among settings that agree in KEY (such as model), only the best on validation, of those with the most "
        "seeds. Can be repeated.",
        autocompletion=complete_key,
        rich_help_panel=RUNS,
    ),
]


class Format(StrEnum):
    """How to write a report."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"
    latex = "latex"


FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{', '.join(Format)}; default: as -o asks, else table.",
        rich_help_panel=OUTPUT,
    ),
]
TableFormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", metavar="FORMAT", help=f"How to write the table: {', '.join(Format)}.", rich_help_panel=OUTPUT
    ),
]

Show = Annotated[bool, typer.Option("--show", help="Draw with characters, here.", rich_help_panel=OUTPUT)]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="FILE", help="Write the numbers behind the pictures as csv.", rich_help_panel=OUTPUT
    ),
]

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


def read_runs(paths: list[Path] | None, where: Sequence[str] | None, best: Sequence[str] | None = None) -> Collection:
    """The runs at the given paths that satisfy the conditions; with ``best``, of the best settings alone.

    Raises:
        InputError: a path does not exist, a condition is invalid, or no run has a key.
    """
    found = those_that_fulfil(where or [], read_every_run(paths))
    if best:
        from spectral_bench.compare.best_settings import best_settings

        found.runs[:], notes = best_settings(found.runs, best)
        found.notes.extend(notes)
    return found


def read_every_run(paths: list[Path] | None) -> Collection:
    """The runs at the given paths.

    Raises:
        InputError: a path does not exist.
    """
    from spectral_bench.records.collection import Collection, collect
    from spectral_bench.records.discovery import DEFAULT_RESULTS

    chosen = paths or [DEFAULT_RESULTS]
    if not paths and not DEFAULT_RESULTS.exists():
        return Collection([], ["There is no folder 'results' here: name one, or make runs with spectral-bench run."])
    found = collect(chosen)
    if not found.runs:
        searched = ", ".join(map(str, chosen))
        return Collection([], [*found.notes, f"No runs in {searched}. Make some with spectral-bench run."])
    return found


def those_that_fulfil(conditions: Sequence[str], found: Collection) -> Collection:
    """The runs that satisfy the conditions.

    Raises:
        InputError: a condition is invalid.
    """
    from spectral_bench.records.collection import Collection
    from spectral_bench.records.selection import select
    from spectral_bench.report.numbers import counted

    selected = select(found.runs, conditions)
    if found.runs and not selected:
        return Collection(
            [], [*found.notes, f"None of {counted(len(found.runs), 'run')} fulfils {' and '.join(conditions)}."]
        )
    return Collection(selected, found.notes, found.unreadable)


def check_judged_by(metric: str | None, runs: Sequence[Run]) -> None:
    """Refuse a field that runs are not judged by, or that none of these has a value of.

    Raises:
        InputError: with the nearest field.
    """
    from spectral_bench.compare.criteria import SCORES
    from spectral_bench.config.hints import unknown
    from spectral_bench.errors import InputError
    from spectral_bench.records.selection import spoken_fields
    from spectral_bench.report.numbers import counted

    if metric is None:
        return
    if metric not in SCORES:
        raise InputError(unknown("--metric", metric, SCORES, spoken_fields(run.summary for run in runs)))
    if runs and all(run.summary.get(metric) is None for run in runs):
        raise InputError(f"--metric {metric}: none of {counted(len(runs), 'run')} has a value of it.")

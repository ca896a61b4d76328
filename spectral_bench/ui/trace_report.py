"""What ``grads`` and ``spectrum`` have in common: a table and a figure for every section that traced something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import typer

from spectral_bench.errors import InputError
from spectral_bench.ui.delivery import as_text, deliver
from spectral_bench.ui.pictures import Drawable, Wanted, draw_in_characters, write_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spectral_bench.figures.named_groups import Naming
    from spectral_bench.figures.sheet import Sheet
    from spectral_bench.records.collection import Collection
    from spectral_bench.records.groups import Group, Section
    from spectral_bench.report.document import Table
    from spectral_bench.ui.text_plot import TextPlot


class TracedGroup(Protocol):
    """A group with what its runs traced."""

    @property
    def group(self) -> Group:
        """The runs."""


class DrawnWhileRunning(Drawable, Protocol):
    """The numbers of a figure of runs, some of which may be running."""

    @property
    def standings(self) -> Sequence[str]:
        """How far these are."""


G = TypeVar("G", bound=TracedGroup)
_D = TypeVar("_D", bound=DrawnWhileRunning)

#: So many groups that traced nothing are named; more, as of a search, are counted.
_NAMED = 5


@dataclass(frozen=True)
class TraceKind(Generic[G, _D]):
    """What is traced, and how it is reported.

    Attributes:
        verb: the command.
        traced: what it is called: ``gradients in layer 0``.
        groups: those of a section that traced it; the list receives the files that cannot be read.
        tables: of these groups, each with its rows as plain values.
        pictures: of these groups.
        draw: makes the figure.
        in_characters: what ``--show`` draws.
    """

    verb: str
    traced: str
    groups: Callable[[Section, list[Path], Naming], list[G]]
    tables: Callable[[Section, Sequence[G]], list[tuple[Table, list[dict[str, Any]]]]]
    pictures: Callable[[Section, Sequence[G]], _D]
    draw: Callable[[_D, Sheet], Figure]
    in_characters: Callable[[_D, Sheet], Sequence[TextPlot]]


def show_traces(
    kind: TraceKind[G, _D], found: Collection, naming: Naming, wanted: Wanted, *, form: str, by: Sequence[str] = ()
) -> None:
    """Report and draw what runs traced: files first, so that a reader of the table who goes away does not lose them.

    The table is printed even where a picture cannot be drawn.

    Args:
        kind: what.
        found: the runs.
        naming: what groups are called in pictures.
        wanted: the pictures.
        form: of the table, as in ``deliver``.
        by: keys that groups agree in.

    Raises:
        InputError: a file cannot be written, which is said below the table, or there is nothing to draw in it.
    """
    from rich.console import Console

    from spectral_bench.records.grouping import sections
    from spectral_bench.report.document import Report

    console = Console()
    tables: list[Table] = []
    records: list[dict[str, Any]] = []
    pictures: list[_D] = []
    every = sections(found.runs, by)
    naming.check(every)
    for section in every:
        damaged: list[Path] = []
        groups = kind.groups(section, damaged, naming)
        found.notes.extend(f"{file} is left out: damaged." for file in damaged)
        tracing = {one.group.id for one in groups}
        lacking = [group for group in section.groups if group.id not in tracing]
        if lacking:
            of = f" of {_named(lacking)}" if groups else ""
            found.notes.append(f"{section.title}: no run{of} traced {kind.traced}.")
        if not groups:
            continue
        for table, rows in kind.tables(section, groups):
            tables.append(table)
            records += rows
        pictures.append(kind.pictures(section, groups))
    document = {"schema": f"spectral-bench/{kind.verb}", "version": 1, "rows": records}
    if not pictures and not wanted.waits:
        for note in found.notes:
            typer.echo(f"Note: {note}", err=True)
    refused = None
    try:
        write_pictures(pictures, kind.draw, wanted)
    except InputError as error:
        if not tables:
            raise
        refused = error  # the table is as good without the picture
    standings = [standing for picture in pictures for standing in picture.standings]
    if wanted.fits(console):  # what the columns mean is always the same, and would leave no room
        tables = [replace(table, notes=standings if table is tables[-1] else (), remarks=()) for table in tables]
    report = Report(tables, records, document, found.notes)
    deliver(report, console, form=form)
    if wanted.show:
        plots = [plot for picture in pictures for plot in kind.in_characters(picture, wanted.sheet)]
        taken = as_text(report, console.width).count("\n") if form == "table" else 0
        draw_in_characters(plots, console, taken if wanted.fits(console) else None)
    if refused is not None:
        raise refused


def _named(groups: Sequence[Group]) -> str:
    """Some groups by their names, many by their number and models."""
    if len(groups) <= _NAMED:
        return ", ".join(group.label for group in groups)
    return f"{len(groups):,} groups ({', '.join(dict.fromkeys(group.model for group in groups))})"

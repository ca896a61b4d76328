"""What ``grads`` and ``spectrum`` have in common: a table and a figure for every section that traced something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from spectral_bench.cli.pictures import D, check_picture, deliver_pictures
from spectral_bench.cli.reading import Format, deliver, read

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spectral_bench.analysis.groups import Group, Section
    from spectral_bench.analysis.plots.terminal import TextPlot
    from spectral_bench.analysis.report import Table


class TracedGroup(Protocol):
    """A group with what its runs traced."""

    @property
    def group(self) -> Group:
        """The runs."""


G = TypeVar("G", bound=TracedGroup)


@dataclass(frozen=True)
class Kind(Generic[G, D]):
    """What is traced, and how it is told.

    Attributes:
        verb: the command.
        traced: what it is called: ``gradients in layer 0``.
        groups: those of a section that traced it; the list gets the files that cannot be read.
        table: of these groups, with its rows as plain values.
        pictures: of these groups.
        draw: makes the figure.
        in_characters: what ``--show`` draws.
    """

    verb: str
    traced: str
    groups: Callable[[Section, list[Path]], list[G]]
    table: Callable[[Section, Sequence[G]], tuple[Table, list[dict[str, Any]]]]
    pictures: Callable[[Section, Sequence[G]], D]
    draw: Callable[[D], Figure]
    in_characters: Callable[[D], Sequence[TextPlot]]


def show_traces(
    kind: Kind[G, D],
    paths: list[Path] | None,
    where: list[str] | None,
    *,
    form: Format | None,
    output: Path | None,
    show: bool,
    data: Path | None,
) -> None:
    """Tell and draw what runs traced.

    Args:
        kind: what.
        paths: of runs.
        where: which of them.
        form: of the table.
        output: file of the figure.
        show: draw with characters, too.
        data: file of the numbers behind the figure.

    Raises:
        InputError: a path does not exist, a condition cannot be understood, or a file cannot be written.
    """
    from rich.console import Console

    from spectral_bench.analysis.grouping import sections
    from spectral_bench.analysis.report import Report

    check_picture("-o", output)
    console = Console()
    found = read(paths, where)
    tables: list[Table] = []
    records: list[dict[str, Any]] = []
    pictures: list[D] = []
    for section in sections(found.runs):
        damaged: list[Path] = []
        groups = kind.groups(section, damaged)
        found.notes.extend(f"{file} is left out: damaged." for file in damaged)
        tracing = {one.group.id for one in groups}
        lacking = [group.label for group in section.groups if group.id not in tracing]
        if lacking:
            of = f" of {', '.join(lacking)}" if groups else ""
            found.notes.append(f"{section.title}: no run{of} traced {kind.traced}.")
        if not groups:
            continue
        table, rows = kind.table(section, groups)
        tables.append(table)
        records += rows
        pictures.append(kind.pictures(section, groups))
    document = {"schema": f"spectral-bench/{kind.verb}", "version": 1, "rows": records}
    deliver(Report(tables, records, document, found.notes), console, form=form or Format.table)
    deliver_pictures(pictures, kind.draw, kind.in_characters, console, output=output, show=show, data=data)

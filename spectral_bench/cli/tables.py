"""Reports in the terminal: tables that fit, cut in two where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from spectral_bench.analysis.report import Report, Table

#: Spaces between two columns.
_GAP = 2

#: A column that names the row is wrapped when it is wider.
_WIDEST_LABEL = 24


def show_report(report: Report, console: Console) -> None:
    """Print every table and every note."""
    from rich.text import Text

    show_tables(report.tables, console)
    for note in report.notes:
        console.print(Text(f"Note: {note}", style="dim"))


def show_tables(tables: Sequence[Table], console: Console) -> None:
    """Print tables; what several of them remark is printed once, under the last."""
    from collections import Counter

    from rich.text import Text

    said = Counter(note for table in tables for note in table.notes)
    common = [note for note, times in said.items() if times > 1]
    for table in tables:
        show_table(replace(table, notes=[note for note in table.notes if note not in common]), console)
    for note in common:
        console.print(Text(note, style="dim"))


def show_table(table: Table, console: Console) -> None:
    """Print a table; when it is too wide, in several pieces that all begin with the columns that name the row."""
    from rich.text import Text

    console.print(Text(table.title, style="bold"))
    if table.subtitle:
        console.print(Text(table.subtitle, style="dim"))
    for position, piece in enumerate(pieces(table, console.width)):
        if position:
            console.print()
        console.print(_rich(table, piece))
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


def pieces(table: Table, width: int) -> list[list[int]]:
    """The columns of each piece of a table that is not to be wider than ``width``."""
    widths = [
        min(max(len(column.header), *(len(row[position].text) for row in table.rows), 0), _widest(column.label))
        for position, column in enumerate(table.columns)
    ]
    labels = [position for position, column in enumerate(table.columns) if column.label]
    room = width - sum(widths[position] + _GAP for position in labels)
    found: list[list[int]] = [[]]
    used = 0
    for position, column in enumerate(table.columns):
        if column.label:
            continue
        needed = widths[position] + _GAP
        if found[-1] and used + needed > room:
            found.append([])
            used = 0
        found[-1].append(position)
        used += needed
    return [[*labels, *piece] for piece in found]


def _widest(label: bool) -> int:
    return _WIDEST_LABEL if label else 1000


def _rich(table: Table, chosen: Sequence[int]) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=SIMPLE_HEAD, padding=(0, _GAP, 0, 0), pad_edge=False, show_edge=False)
    for position in chosen:
        column = table.columns[position]
        shown.add_column(
            Text(column.header),
            justify=column.align,
            max_width=_WIDEST_LABEL if column.label else None,
            overflow="fold",
        )
    for row in table.rows:
        shown.add_row(*(Text(row[position].text, style="bold" if row[position].bold else "") for position in chosen))
    return shown

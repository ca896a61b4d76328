"""Print reports in the terminal; tables that are too wide are split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from spectral_bench.ui.encoding import encodable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from spectral_bench.report.document import Column, Report, Table

#: Spaces between two columns.
_GAP = 2

#: A column that names the row is wrapped when it is wider.
_WIDEST_LABEL = 24


def show_report(report: Report, console: Console) -> None:
    """Print every table and every note."""
    from rich.text import Text

    show_tables(report.tables, console)
    for note in report.notes:
        console.print(Text(encodable(f"Note: {note}", console.encoding), style="dim"))


def show_tables(tables: Sequence[Table], console: Console) -> None:
    """Print tables; notes that several of them share are printed once, under the last."""
    from collections import Counter

    from rich.text import Text

    said = Counter(note for table in tables for note in table.notes)
    common = [note for note, times in said.items() if times > 1]
    for table in tables:
        show_table(replace(table, notes=[note for note in table.notes if note not in common]), console)
    for note in common:
        console.print(Text(encodable(note, console.encoding), style="dim"))


def show_table(table: Table, console: Console) -> None:
    """Print a table; when it is too wide, in several pieces that all begin with the columns that name the row."""
    from rich.text import Text

    table = _legible(table, console.encoding)
    console.print(Text(table.title, style="bold"))
    if table.subtitle:
        console.print(Text(table.subtitle, style="dim"))
    for position, piece in enumerate(pieces(table, console.width)):
        if position:
            console.print()
        console.print(_drawn(table, piece, encodable("─", console.encoding)), soft_wrap=True)
    for note in table.notes:
        console.print(Text(note, style="dim"))
    console.print()


def _legible(table: Table, encoding: str) -> Table:
    """The table in the characters of the terminal; must be done before columns are measured."""
    return replace(
        table,
        title=encodable(table.title, encoding),
        subtitle=encodable(table.subtitle, encoding),
        columns=[replace(column, header=encodable(column.header, encoding)) for column in table.columns],
        rows=[[replace(cell, text=encodable(cell.text, encoding)) for cell in row] for row in table.rows],
        notes=[encodable(note, encoding) for note in table.notes],
    )


def pieces(table: Table, width: int) -> list[list[int]]:
    """The columns of each piece of a table that is not to be wider than ``width``."""
    widths = [
        min(max(len(column.header), *(len(row[position].text) for row in table.rows), 0), _widest(column))
        for position, column in enumerate(table.columns)
    ]
    labels = [position for position, column in enumerate(table.columns) if column.label]
    others = [position for position, column in enumerate(table.columns) if not column.label]
    room = width - sum(widths[position] + _GAP for position in labels)
    cuts = _cuts([widths[position] + _GAP for position in others], room)
    return [[*labels, *others[first:last]] for first, last in pairwise([0, *cuts, len(others)])]


def _cuts(widths: Sequence[int], room: int) -> tuple[int, ...]:
    """Where to split columns into as few pieces as fit, as evenly as possible."""

    def pieces_of(cuts: tuple[int, ...]) -> list[Sequence[int]]:
        return [widths[first:last] for first, last in pairwise([0, *cuts, len(widths)])]

    for count in range(len(widths)):
        found = [
            cuts
            for cuts in combinations(range(1, len(widths)), count)
            if all(len(piece) == 1 or sum(piece) <= room for piece in pieces_of(cuts))
        ]
        if found:
            return min(found, key=lambda cuts: sum(sum(piece) ** 2 for piece in pieces_of(cuts)))
    return ()


def _widest(column: Column) -> int:
    return _WIDEST_LABEL if _is_wrapped(column) else 1000


def _is_wrapped(column: Column) -> bool:
    return column.label and not column.whole


def _drawn(table: Table, chosen: Sequence[int], rule: str) -> Text:
    """Some columns of a table. Without Rich's tables, which take seconds for thousands of rows."""
    from rich.cells import cell_len
    from rich.text import Text

    columns = [table.columns[position] for position in chosen]
    wrapped = [
        [_wrapped(row[position].text, _is_wrapped(table.columns[position])) for position in chosen]
        for row in table.rows
    ]
    widths = [
        max([cell_len(column.header), *(cell_len(line) for row in wrapped for line in row[place])])
        for place, column in enumerate(columns)
    ]

    def placed(texts: Sequence[str]) -> list[str]:
        """Cells of one line, each as wide as its column."""
        return [
            " " * (width - cell_len(text)) + text if column.align == "right" else text + " " * (width - cell_len(text))
            for column, width, text in zip(columns, widths, texts, strict=True)
        ]

    gap = " " * _GAP
    parts: list[tuple[str, str]] = [
        (gap.join(placed([column.header for column in columns])).rstrip(), "bold"),
        ("\n" + rule * (sum(widths) + _GAP * (len(widths) - 1)), "dim"),
    ]
    for row, lines in zip(table.rows, wrapped, strict=True):
        for height in range(max(map(len, lines))):
            texts = placed([cell[height] if height < len(cell) else "" for cell in lines])
            if columns[-1].align == "left":
                texts[-1] = texts[-1].rstrip()
            parts.append(("\n", ""))
            parts += [
                (text + (gap if place < len(texts) - 1 else ""), "bold" if row[position].bold else "")
                for place, (position, text) in enumerate(zip(chosen, texts, strict=True))
            ]
    return Text.assemble(*parts)


def _wrapped(text: str, is_wrapped: bool) -> list[str]:
    """The lines of a cell: what names a row is broken when it is long, numbers never are."""
    from textwrap import wrap

    return wrap(text, _WIDEST_LABEL) or [""] if is_wrapped else [text]

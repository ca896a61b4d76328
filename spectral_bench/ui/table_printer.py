"""Print reports in the terminal; what is too wide is wrapped between words, then split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from spectral_bench.report.table_layout import GAP, cell_lines, column_widths, pieces
from spectral_bench.ui.encoding import encodable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from spectral_bench.report.document import Report, Table


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

    occurrences = Counter(note for table in tables for note in table.notes)
    common = [note for note, times in occurrences.items() if times > 1]
    for table in tables:
        own = [note for note in table.notes if note not in common]
        show_table(replace(table, notes=own), console)
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
        console.print(_drawn(table, piece, console.width, encodable("─", console.encoding)), soft_wrap=True)
    for note in (*table.notes, *table.remarks):
        console.print(Text(note, style="dim"))
    for line in table.commands:
        console.print(Text(line, style="dim"), soft_wrap=True)
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
        remarks=[encodable(remark, encoding) for remark in table.remarks],
        commands=[encodable(line, encoding) for line in table.commands],
    )


def _drawn(table: Table, chosen: Sequence[int], width: int, rule: str) -> Text:
    """Some columns of a table. Without Rich's tables, which take seconds for thousands of rows."""
    from rich.cells import cell_len
    from rich.text import Text

    columns = [table.columns[position] for position in chosen]
    fitted = column_widths(table, chosen, width)
    rows = [[column.header for column in columns], *([row[position].text for position in chosen] for row in table.rows)]
    wrapped = [[cell_lines(text, most) for text, most in zip(row, fitted, strict=True)] for row in rows]
    widths = [max(cell_len(line) for row in wrapped for line in row[place]) for place in range(len(columns))]
    gap = " " * GAP

    def lines(cells: list[list[str]], bold: Sequence[bool]) -> Iterator[tuple[str, str]]:
        """The lines of a row, each text with its style."""
        for height in range(max(map(len, cells))):
            texts = []
            for column, most, cell in zip(columns, widths, cells, strict=True):
                text = cell[height] if height < len(cell) else ""
                room = " " * (most - cell_len(text))
                texts.append(room + text if column.align == "right" else text + room)
            while texts and not texts[-1].strip():
                texts.pop()
            for place, text in enumerate(texts):
                is_last = place == len(texts) - 1
                yield text.rstrip() if is_last else text + gap, "bold" if bold[place] else ""
            yield "\n", ""

    parts = [*lines(wrapped[0], [True] * len(columns)), (rule * (sum(widths) + GAP * (len(widths) - 1)) + "\n", "dim")]
    for row, cells in zip(table.rows, wrapped[1:], strict=True):
        parts += lines(cells, [row[position].bold for position in chosen])
    return Text.assemble(*parts[:-1])

"""What a comparison says: tables for people, records and a document for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: its title.
        align: of its cells.
        label: it names the row, so it is repeated when a table is too wide and is cut in two.
        optional: it is left out where it says nothing in any row; a measured value that is nowhere finite is no such
            column, or a failure would look like a table without that question.
    """

    header: str
    align: Literal["left", "right"] = "right"
    label: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Cell:
    """Text, emphasised or not."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table for people."""

    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    def without_empty_columns(self) -> "Table":
        """The same without the optional columns that say nothing in any row."""
        kept = [
            position
            for position, column in enumerate(self.columns)
            if not column.optional or any(row[position].text.strip("- ") for row in self.rows)
        ]
        return Table(
            self.title,
            self.subtitle,
            [self.columns[position] for position in kept],
            [[row[position] for position in kept] for row in self.rows],
            self.notes,
        )


@dataclass(frozen=True)
class Report:
    """Everything a verb has to say.

    Attributes:
        tables: for people.
        records: flat rows of plain values, for csv.
        document: the same and more, nested, for JSON.
        notes: what concerns all tables: runs that were left out.
    """

    tables: list[Table]
    records: list[dict[str, Any]]
    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)

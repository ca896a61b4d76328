"""The content of a report: tables for people, records and a document for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: its title.
        align: of its cells.
        label: it names the row, and is repeated if the table is split for being too wide.
        optional: it is omitted if it is empty in every row. Not for measured values: a table in which none is finite
            must show that.
        whole: a label that is never broken, however wide: a name that is copied.
    """

    header: str
    align: Literal["left", "right"] = "right"
    label: bool = False
    optional: bool = False
    whole: bool = False


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
        """The same without the optional columns that are empty in every row."""
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
    """The whole output of a verb.

    Attributes:
        tables: for people.
        records: flat rows of plain values, for csv.
        document: the same and more, nested, for JSON.
        notes: for all tables together, such as which runs were excluded.
    """

    tables: list[Table]
    records: list[dict[str, Any]]
    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)

"""The content of a report: tables for people, records and a document for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

#: Stands in the text of a cell between words that are read together: where a cell is wrapped, they stay in one line if
#: they can. A space when it is printed.
GLUE = "\u00a0"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: its title.
        align: of its cells.
        label: it names the row, and is repeated if the table is split for being too wide.
        wraps: its cells may be broken between words where the table is too wide; those of labels always may.
        optional: it is omitted if it is empty in every row. Not for measured values: a table in which none is finite
            must show that.
        whole: a label that is never broken, however wide: a name that is copied.
        shared: where it is the same in every row, a paper says it once, above the table.
    """

    header: str
    align: Literal["left", "right"] = "right"
    label: bool = False
    optional: bool = False
    whole: bool = False
    wraps: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Cell:
    """Text, emphasised or not."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table for people.

    Attributes:
        title: of the table.
        subtitle: a line below it.
        columns: from left to right.
        rows: a cell for every column.
        notes: what has to be known to read it.
        remarks: what is said about its rows besides: a paper would not print it below the table.
        commands: of a shell, below everything: never wrapped, so that they can be pasted.
    """

    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    remarks: Sequence[str] = ()
    commands: Sequence[str] = ()

    def without_empty_columns(self) -> "Table":
        """The same without the optional columns that are empty in every row."""
        return self._without(
            position
            for position, column in enumerate(self.columns)
            if column.optional and not any(row[position].text.strip("- ") for row in self.rows)
        )

    def with_shared_said_once(self) -> "Table":
        """The same with the shared columns that are equal in all of several rows in the subtitle: ``seeds: 3``."""
        equal = [
            position
            for position, column in enumerate(self.columns)
            if column.shared and len(self.rows) > 1 and len({row[position].text for row in self.rows}) == 1
        ]
        parts = [f"{self.columns[position].header}: {self.rows[0][position].text}" for position in equal]
        return replace(self._without(equal), subtitle="; ".join(filter(None, [self.subtitle, *parts])))

    def _without(self, positions: Iterable[int]) -> "Table":
        left_out = set(positions)
        kept = [position for position in range(len(self.columns)) if position not in left_out]
        return replace(
            self,
            columns=[self.columns[position] for position in kept],
            rows=[[row[position] for position in kept] for row in self.rows],
        )


@dataclass(frozen=True)
class Report:
    """The whole output of a verb.

    Attributes:
        tables: for people.
        records: flat rows of plain values, for csv.
        document: the same and more, nested, for JSON.
        notes: for all tables together, such as which runs were excluded.
        label: what the tables are referred to by in LaTeX; None: they have no label.
    """

    tables: list[Table]
    records: list[dict[str, Any]]
    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    label: str | None = None

"""Reports as csv, JSON, Markdown and (``latex.py``) LaTeX."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spectral_bench.report.document import Cell, Report, Table
from spectral_bench.report.latex import as_latex


def as_csv(report: Report) -> str:
    """A header and one row per record; numbers in full, an empty field for a missing value."""
    return records_as_csv(report.records)


def records_as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Flat records as csv, with every column that any of them has."""
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _csv_value(value) for key, value in record.items()} for record in records)
    return text.getvalue()


def as_json(report: Report) -> str:
    """The report's document; null for NaN and infinity."""
    document = {**report.document, "notes": report.notes}
    return json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(report: Report) -> str:
    """A GitHub table under a heading for each table; best in bold."""
    return "\n".join([*(_markdown(table) for table in report.tables), *(f"{note}\n" for note in report.notes)])


FORMATS: dict[str, Callable[[Report], str]] = {
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
    "latex": as_latex,
}


def finite(value: Any) -> Any:
    """A nested value with null for every NaN and infinity, which JSON does not know."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value


def _csv_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _markdown(table: Table) -> str:
    lines = [f"### {_escaped(table.title)}", ""]
    if table.subtitle:
        lines += [_escaped(table.subtitle), ""]
    lines += table_lines(table)
    lines += ["", *(f"{_escaped(note)}  " for note in (*table.notes, *table.remarks))]
    lines += ["", "```", *table.commands, "```"] if table.commands else []
    return "\n".join(lines) + "\n"


def table_lines(table: Table) -> list[str]:
    """Header and rows of a table in GitHub's Markdown."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"

    def shown(cell: Cell) -> str:
        text = _escaped(cell.text)
        return f"**{text}**" if cell.bold and text else text

    rules = ["---:" if column.align == "right" else "---" for column in table.columns]
    header = [line([column.header for column in table.columns]), "|" + "|".join(rules) + "|"]
    return header + [line([shown(cell) for cell in row]) for row in table.rows]


def _escaped(text: str) -> str:
    """Escape the asterisk of an interval, which Markdown would read as emphasis, and what it would take for HTML."""
    return text.replace("*", r"\*").replace("<", r"\<")

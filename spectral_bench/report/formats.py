"""Reports as csv, JSON, Markdown and LaTeX."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spectral_bench.report.document import Cell, Report, Table

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "σ": r"$\sigma$",
        "∂": r"$\partial$",
        "‖": r"$\|$",
        "<": r"$<$",
        ">": r"$>$",
        "≥": r"$\geq$",
        "−": r"$-$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "→": r"$\to$",
        "∈": r"$\in$",
    }
)


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


def as_latex(report: Report) -> str:
    """A ``tabular`` with ``booktabs`` rules for each table; best in bold. Needs the package ``booktabs``."""
    return "\n".join([*(_latex(table) for table in report.tables), *(f"% {note}\n" for note in report.notes)])


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
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"

    def shown(cell: Cell) -> str:
        text = escaped(cell.text)
        return f"**{text}**" if cell.bold and text else text

    def escaped(text: str) -> str:
        """Escape the asterisk of an interval, which Markdown would read as a list or as emphasis."""
        return text.replace("*", r"\*")

    rules = ["---:" if column.align == "right" else "---" for column in table.columns]
    lines = [f"### {table.title}", ""]
    if table.subtitle:
        lines += [table.subtitle, ""]
    lines += [line([column.header for column in table.columns]), "|" + "|".join(rules) + "|"]
    lines += [line([shown(cell) for cell in row]) for row in table.rows]
    lines += ["", *(f"{escaped(note)}  " for note in table.notes)]
    return "\n".join(lines) + "\n"


def _latex(table: Table) -> str:
    def shown(cell: Cell) -> str:
        text = cell.text.translate(_LATEX)
        return rf"\textbf{{{text}}}" if cell.bold and text else text

    def line(cells: Sequence[str]) -> str:
        return "  " + " & ".join(cells) + r" \\"

    align = "".join("r" if column.align == "right" else "l" for column in table.columns)
    lines = [f"% {table.title}", *([f"% {table.subtitle}"] if table.subtitle else [])]
    lines += [rf"\begin{{tabular}}{{{align}}}", r"  \toprule"]
    lines += [line([column.header.translate(_LATEX) for column in table.columns]), r"  \midrule"]
    lines += [line([shown(cell) for cell in row]) for row in table.rows]
    lines += [r"  \bottomrule", r"\end{tabular}", *(f"% {note}" for note in table.notes)]
    return "\n".join(lines) + "\n"

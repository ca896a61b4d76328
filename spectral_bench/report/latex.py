"""Reports as LaTeX: floating tables that compile in any document without a package, and fit its pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.latex_pages import BETWEEN, lines_of_caption, lines_of_notes, rows_of_pages
from spectral_bench.report.latex_signs import escaped, number_in_math
from spectral_bench.report.latex_words import printed_settings
from spectral_bench.report.table_layout import cell_lines, column_widths, pieces

#: Characters of a small type that fit side by side in the text of an ``article`` of one column.
_WIDTH = 72

#: LaTeX keeps no more than some dozens of tables waiting for a page.
_MOST_WAITING = 10

#: The rules of booktabs, for documents that do not load it.
_PREAMBLE = r"""\providecommand{\toprule}{\hline\noalign{\smallskip}}
\providecommand{\midrule}{\noalign{\smallskip}\hline\noalign{\smallskip}}
\providecommand{\bottomrule}{\noalign{\smallskip}\hline}
"""


@dataclass(frozen=True)
class _Tabular:
    """Some columns of a table.

    Attributes:
        align: of the columns, as LaTeX has it.
        header: the line of their titles.
        rows: a line each.
        heights: how many lines of print a row takes, the header first.
    """

    align: str
    header: str
    rows: list[str]
    heights: list[int]

    def lines(self, rows: range) -> list[str]:
        """Of these rows."""
        return [
            rf"  \begin{{tabular}}{{@{{}}{self.align}@{{}}}}",
            r"    \toprule",
            self.header,
            r"    \midrule",
            *(self.rows[position] for position in rows),
            r"    \bottomrule",
            r"  \end{tabular}",
        ]


def as_latex(report: Report) -> str:
    r"""A ``table`` with caption for each table, notes below it; the best in bold.

    It fits the text of an ``article`` of one column: cells are wrapped, what is wider still stands in several tabulars
    below each other, as in a terminal, and what is taller than a page goes on in a further ``table``.

    It has the rules of ``booktabs`` where the document loads that, else plain ones. Settings are told in words;
    remarks, commands, and notes on the whole report, are comments.
    """
    tables = [one for position, table in enumerate(report.tables) for one in _floats(table, _label(report, position))]
    for position in range(_MOST_WAITING, len(tables), _MOST_WAITING):
        tables[position] = f"\\clearpage\n{tables[position]}"
    return "\n".join([_PREAMBLE, *tables, *(f"% {' '.join(note.split())}\n" for note in report.notes)])


def _label(report: Report, position: int) -> str | None:
    """The label of a table: the first has the one that was asked for, the others a number behind it."""
    return report.label and (f"{report.label}-{position + 1}" if position else report.label)


def _floats(given: Table, label: str | None) -> list[str]:
    """A table on as many pages as it takes, the notes on the last."""
    table = _in_words(given.with_shared_said_once())
    caption = _caption(table)
    tabulars = [_tabular(table, piece) for piece in pieces(table, _WIDTH)]
    heights = [sum(several) for several in zip(*(one.heights for one in tabulars), strict=True)]
    above = lines_of_caption(caption) + heights[0] + BETWEEN * len(tabulars)
    pages = rows_of_pages(heights[1:], above, lines_of_notes(table.notes))
    found = []
    for page, rows in enumerate(pages):
        lines = [r"\begin{table}", *([r"  \addtocounter{table}{-1}"] if page else []), r"  \centering"]
        heading = f"{table.title.partition(':')[0]}, continued." if page else caption
        lines += [rf"  \caption{{{escaped(heading)}}}"]
        lines += [rf"  \label{{{label}}}"] if label and not page else []
        lines += [r"  \smallskip", r"  \small\setlength{\tabcolsep}{4pt}"]
        for position, tabular in enumerate(tabulars if rows or not page else ()):
            lines += ["", r"  \medskip"] if position else []
            lines += tabular.lines(rows)
        if page == len(pages) - 1:
            lines += _below(table)
        else:
            lines += [r"\end{table}"]
        found.append("\n".join(lines) + "\n")
    return found


def _caption(table: Table) -> str:
    """Title and subtitle in sentences; what a subtitle lists, one each."""
    is_prose = table.subtitle.endswith((".", ".)"))
    heading = (
        [table.subtitle]
        if is_prose
        else [f"{part[0].upper()}{part[1:]}" for part in table.subtitle.split("; ") if part]
    )
    return " ".join(text if text.endswith((".", ".)")) else f"{text}." for text in (table.title, *heading) if text)


def _below(table: Table) -> list[str]:
    lines = []
    if table.notes:
        notes = "\\par\n    ".join(escaped(note) for note in table.notes)
        lines = ["", r"  \smallskip", rf"  \parbox{{\linewidth}}{{\footnotesize\raggedright {notes}}}"]
    return [*lines, r"\end{table}", *(f"% {' '.join(text.split())}" for text in (*table.remarks, *table.commands))]


def _in_words(table: Table) -> Table:
    """The table with its settings in words; must be done before columns are measured."""
    return replace(
        table,
        title=printed_settings(table.title),
        subtitle=printed_settings(table.subtitle),
        columns=[replace(column, header=printed_settings(column.header)) for column in table.columns],
        rows=[
            [
                replace(cell, text=printed_settings(cell.text)) if column.align == "left" else cell
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ],
        notes=list(map(printed_settings, table.notes)),
    )


def _tabular(table: Table, chosen: Sequence[int]) -> _Tabular:
    """Some columns of a table; cells are broken between words where there is not room for all."""
    columns = [table.columns[position] for position in chosen]
    widths = column_widths(table, chosen, _WIDTH)
    heights = []

    def row(cells: Sequence[Cell], *, is_header: bool = False) -> str:
        lines = [cell_lines(cell.text, width) for cell, width in zip(cells, widths, strict=True)]
        heights.append(max(map(len, lines)))
        shown = [
            _stacked(column, several, bold=cell.bold, is_header=is_header)
            for column, cell, several in zip(columns, cells, lines, strict=True)
        ]
        return "    " + " & ".join(shown) + r" \\"

    header = row([Cell(column.header) for column in columns], is_header=True)
    rows = [row([cells[position] for position in chosen]) for cells in table.rows]
    return _Tabular("".join(column.align[0] for column in columns), header, rows, heights)


def _stacked(column: Column, printed: Sequence[str], *, bold: bool, is_header: bool) -> str:
    """A cell; of several lines it is a table of its own."""
    is_number = column.align == "right" and not is_header
    lines = [number_in_math(line) if is_number else escaped(line) for line in printed]
    if bold:
        lines = [rf"\textbf{{\boldmath {line}}}" if line else line for line in lines]
    if len(lines) == 1:
        return lines[0]
    place = "b" if is_header else "t"
    return rf"\begin{{tabular}}[{place}]{{@{{}}{column.align[0]}@{{}}}}" + r" \\ ".join(lines) + r"\end{tabular}"

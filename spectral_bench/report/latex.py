"""Reports as LaTeX: a floating table each, that compiles in any document without a package."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.latex_words import settings_in_words, with_mathematics
from spectral_bench.report.table_layout import cell_lines, column_widths, pieces

#: What text may not hold as it is. Whatever else is no Latin letter is written by its name. A line break and a rule of
#: booktabs would take a bracket or a star that follows them for an argument.
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",
    "*": "{*}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "|": r"$|$",
    "‖": r"$\|$",
    "<": r"$<$",
    ">": r"$>$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\to$",
    "∈": r"$\in$",
    "∂": r"$\partial$",
    "σ": r"$\sigma$",
    "φ": r"$\varphi$",
    "λ": r"$\lambda$",
    "\u00a0": "~",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
}

_NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"

#: A measured number: ``≤430``, ``-0.15 ±0.11``, ``(3.21 ±0.15)e-05``; anything may follow.
_MEASURED = re.compile(rf"(≤?)(?:({_NUMBER})(?: ±({_NUMBER}))?|\(({_NUMBER}) ±({_NUMBER})\)e([+-]\d+))(?![\w./])")

#: Characters of a small type that fit side by side in the text of an ``article`` of one column.
_WIDTH = 72

#: An interval that was broken off its number.
_INTERVAL = re.compile(rf"±({_NUMBER})")

#: What is told as a ratio: ``1/27,000``, ``×1.4``.
_RATIO = re.compile(rf"(1/|×)({_NUMBER})")

#: The rules of booktabs, for documents that do not load it.
_PREAMBLE = "".join(f"\\providecommand{{\\{rule}}}{{\\hline}}\n" for rule in ("toprule", "midrule", "bottomrule"))


def as_latex(report: Report) -> str:
    r"""A ``table`` with caption for each table, notes below it; the best in bold.

    It is as wide as the text of an ``article`` of one column at most: cells are wrapped, and what is wider still stands
    in several tabulars below each other, as in a terminal.

    It has the rules of ``booktabs`` where the document loads that, else plain ones. Settings are told in words;
    remarks, and notes on the whole report, are comments.
    """
    tables = [_latex(table, _label(report, position)) for position, table in enumerate(report.tables)]
    return "\n".join([_PREAMBLE, *tables, *(f"% {' '.join(note.split())}\n" for note in report.notes)])


def _label(report: Report, position: int) -> str | None:
    """The label of a table: the first has the one that was asked for, the others a number behind it."""
    return report.label and (f"{report.label}-{position + 1}" if position else report.label)


def _latex(given: Table, label: str | None) -> str:
    table = _in_words(given.with_shared_said_once())
    caption = ". ".join(f"{part[0].upper()}{part[1:]}" for part in table.subtitle.split("; ") if part)
    caption = ". ".join(filter(None, [table.title, caption]))
    lines = [r"\begin{table}", r"  \centering", rf"  \caption{{{escaped(caption)}.}}"]
    lines += [rf"  \label{{{label}}}"] if label else []
    lines += [r"  \smallskip", r"  \small\setlength{\tabcolsep}{4pt}"]
    for position, piece in enumerate(pieces(table, _WIDTH)):
        lines += ["", r"  \medskip"] if position else []
        lines += _tabular(table, piece)
    if table.notes:
        notes = "\\par\n    ".join(escaped(note) for note in table.notes)
        lines += ["", r"  \smallskip", rf"  \parbox{{\linewidth}}{{\footnotesize\raggedright {notes}}}"]
    lines += [r"\end{table}", *(f"% {' '.join(remark.split())}" for remark in table.remarks)]
    return "\n".join(lines) + "\n"


def _in_words(table: Table) -> Table:
    """The table with its settings in words; must be done before columns are measured."""
    return replace(
        table,
        title=settings_in_words(table.title),
        subtitle=settings_in_words(table.subtitle),
        columns=[replace(column, header=settings_in_words(column.header)) for column in table.columns],
        rows=[
            [
                replace(cell, text=settings_in_words(cell.text)) if column.align == "left" else cell
                for column, cell in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ],
        notes=list(map(settings_in_words, table.notes)),
    )


def _tabular(table: Table, chosen: Sequence[int]) -> list[str]:
    """The lines of some columns of a table; cells are broken between words where there is not room for all."""
    columns = [table.columns[position] for position in chosen]
    widths = column_widths(table, chosen, _WIDTH)

    def row(cells: Sequence[Cell], *, is_header: bool = False) -> str:
        shown = [
            _stacked(column, cell, width, is_header=is_header)
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        return "    " + " & ".join(shown) + r" \\"

    align = "".join("r" if column.align == "right" else "l" for column in columns)
    return [
        rf"  \begin{{tabular}}{{@{{}}{align}@{{}}}}",
        r"    \toprule",
        row([Cell(column.header) for column in columns], is_header=True),
        r"    \midrule",
        *(row([cells[position] for position in chosen]) for cells in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
    ]


def _stacked(column: Column, cell: Cell, width: int, *, is_header: bool) -> str:
    """A cell; of several lines it is a table of its own."""
    is_number = column.align == "right" and not is_header
    lines = [number_in_math(line) if is_number else escaped(line) for line in cell_lines(cell.text, width)]
    if cell.bold:
        lines = [rf"\textbf{{\boldmath {line}}}" if line else line for line in lines]
    if len(lines) == 1:
        return lines[0]
    align, place = ("r" if column.align == "right" else "l"), ("b" if is_header else "t")
    return rf"\begin{{tabular}}[{place}]{{@{{}}{align}@{{}}}}" + r" \\ ".join(lines) + r"\end{tabular}"


def escaped(text: str) -> str:
    """Text as LaTeX prints it: what is mathematics in math mode, and a dash for what does not exist."""
    return with_mathematics(" ".join(text.split()), _without_mathematics, _power)


def _without_mathematics(text: str) -> str:
    return "".join(map(_character, text))


def _character(sign: str) -> str:
    if sign in _ESCAPED:
        return _ESCAPED[sign]
    if sign.isascii() or unicodedata.name(sign, "").startswith("LATIN "):
        return sign if sign.isprintable() else "?"
    return f"{{[}}{unicodedata.name(sign, 'unknown character').lower()}]"


def number_in_math(text: str) -> str:
    """A cell: the measured number it begins with in math mode, the rest as text."""
    if ratio := _RATIO.fullmatch(text):
        return rf"$\times {_power(ratio[2])}$" if ratio[1] == "×" else f"$1/{_power(ratio[2])}$"
    if interval := _INTERVAL.fullmatch(text):
        return rf"$\pm {_power(interval[1])}$"
    found = _MEASURED.match(text)
    if found is None:
        return escaped(text)
    at_most, plain, half, mean, common_half, exponent = found.groups()
    if plain is not None:
        shown = _power(plain) + (rf" \pm {_power(half)}" if half else "")
    else:
        shown = rf"({_power(mean)} \pm {_power(common_half)}) \times 10^{{{int(exponent)}}}"
    rest = text[found.end() :]
    sign = r"\leq " if at_most else ""
    return f"${sign}{shown}$" + " " * rest.startswith(" ") + escaped(rest)


def _power(number: str) -> str:
    """``1.5e-06`` as a power of ten, ``12,345`` without the space that math mode puts behind a comma."""
    mantissa, _, exponent = number.replace(",", "{,}").partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa

"""Reports as LaTeX: a floating table each, that compiles in any document without a package."""

import re
import unicodedata

from spectral_bench.report.document import Cell, Column, Report, Table

#: What text may not hold as it is. Whatever else is no Latin letter is written by its name.
_ESCAPED = {
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
_MEASURED = re.compile(rf"(≤?)(?:({_NUMBER})(?: ±({_NUMBER}))?|\(({_NUMBER}) ±({_NUMBER})\)e([+-]\d+))(?![\w.])")

#: The rules of booktabs, for documents that do not load it.
_PREAMBLE = "".join(f"\\providecommand{{\\{rule}}}{{\\hline}}\n" for rule in ("toprule", "midrule", "bottomrule"))


def as_latex(report: Report) -> str:
    r"""A ``table`` with caption for each table, notes below it; the best in bold.

    It has the rules of ``booktabs`` where the document loads that, else plain ones. Remarks, and notes on the whole
    report, are comments.
    """
    tables = [_latex(table, _label(report, position)) for position, table in enumerate(report.tables)]
    return "\n".join([_PREAMBLE, *tables, *(f"% {' '.join(note.split())}\n" for note in report.notes)])


def _label(report: Report, position: int) -> str | None:
    """The label of a table: the first has the one that was asked for, the others a number behind it."""
    return report.label and (f"{report.label}-{position + 1}" if position else report.label)


def _latex(table: Table, label: str | None) -> str:
    def line(cells: list[str]) -> str:
        return "    " + " & ".join(cells) + r" \\"

    def shown(column: Column, cell: Cell) -> str:
        text = number_in_math(cell.text) if column.align == "right" else escaped(cell.text)
        return rf"\textbf{{\boldmath {text}}}" if cell.bold and text else text

    align = "".join("r" if column.align == "right" else "l" for column in table.columns)
    caption = ". ".join(filter(None, [table.title, table.subtitle]))
    lines = [r"\begin{table}", r"  \centering", rf"  \caption{{{escaped(caption)}.}}"]
    lines += [rf"  \label{{{label}}}"] if label else []
    lines += [rf"  \begin{{tabular}}{{{align}}}", r"    \toprule"]
    lines += [line([escaped(column.header) for column in table.columns]), r"    \midrule"]
    lines += [
        line([shown(column, cell) for column, cell in zip(table.columns, row, strict=True)]) for row in table.rows
    ]
    lines += [r"    \bottomrule", r"  \end{tabular}"]
    if table.notes:
        notes = "\\par\n    ".join(escaped(note) for note in table.notes)
        lines += ["", r"  \smallskip", rf"  \parbox{{\linewidth}}{{\footnotesize\raggedright {notes}}}"]
    lines += [r"\end{table}", *(f"% {' '.join(remark.split())}" for remark in table.remarks)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as LaTeX prints it."""
    return "".join(map(_character, " ".join(text.split())))


def _character(sign: str) -> str:
    if sign in _ESCAPED:
        return _ESCAPED[sign]
    if sign.isascii() or unicodedata.name(sign, "").startswith("LATIN "):
        return sign if sign.isprintable() else "?"
    return f"[{unicodedata.name(sign, 'unknown character').lower()}]"


def number_in_math(text: str) -> str:
    """A cell: the measured number it begins with in math mode, the rest as text."""
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

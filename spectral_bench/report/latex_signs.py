"""Text and numbers as LaTeX prints them, without a package."""

import re
import unicodedata

from spectral_bench.report.latex_words import NUMBER, with_mathematics

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

_NUMBER = f"-?{NUMBER}"

#: A measured number: ``≤430``, ``-0.15 ±0.11``, ``(3.21 ±0.15)e-05``; anything may follow.
_MEASURED = re.compile(rf"(≤?)(?:({_NUMBER})(?: ±({_NUMBER}))?|\(({_NUMBER}) ±({_NUMBER})\)e([+-]\d+))(?![\w./])")

#: An interval that was broken off its number.
_INTERVAL = re.compile(rf"±({_NUMBER})")

#: What is told as a ratio: ``1/27,000``, ``×1.4``.
_RATIO = re.compile(rf"(1/|×)({_NUMBER})")


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

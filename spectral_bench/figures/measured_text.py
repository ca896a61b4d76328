"""How wide text is in print, and its lines: so that what stands beside or below it has room, in any font."""

import re
from functools import cache
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.cbook import is_math_text
from matplotlib.font_manager import FontProperties

from spectral_bench.config.hints import short
from spectral_bench.errors import InputError

#: Pixels to an inch at which text is measured: fine enough that rounding to pixels adds up to nothing.
_DPI = 600

#: Letters are fitted to the pixels of a screen, and a line of them may come out wider by this.
_FITTED = 1.03

#: What is not broken: a formula, whatever spaces it holds, or a word, whose dollar signs are escaped.
_PIECE = re.compile(r"(?:\\\$|\$(?:\\\$|[^$])*\$|[^\s$])+")

_DOLLAR = re.compile(r"(?<!\\)\$")


def as_drawn(name: str) -> str:
    """A name as matplotlib is to be given it: dollar signs that enclose no formula are what they are."""
    return name if is_math_text(name) else _DOLLAR.sub(r"\$", name)


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Inches of a line of text, in the font of the figures.

    Args:
        text: may hold formulas; other dollar signs are escaped.
        size: of the font, in points.
        weight: of the font.

    Raises:
        InputError: what stands between dollar signs is no formula.
    """
    font = FontProperties(size=size, weight=weight)
    formula = is_math_text(text)
    try:
        found = _renderer().get_text_width_height_descent(text if formula else text.replace(r"\$", "$"), font, formula)
    except ValueError as error:
        raise InputError(
            f"'{short(text)}': what stands between dollar signs is no formula that matplotlib knows."
        ) from error
    return float(found[0]) / _DPI * _FITTED


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Text in lines of at most so many inches; a word that is longer has a line of its own.

    Args:
        text: may hold formulas, which are not broken; other dollar signs are escaped.
        width: in inches.
        size: of the font, in points.
        weight: of the font.
    """
    lines: list[str] = []
    used = 0.0
    space = text_width("a a", size, weight) - text_width("aa", size, weight)
    for piece in _PIECE.findall(text):
        wide = text_width(piece, size, weight)
        if lines and used + space + wide <= width:
            lines[-1] += f" {piece}"
            used += space + wide
        else:
            lines.append(piece)
            used = wide
    return lines


@cache
def _renderer() -> Any:
    return RendererAgg(1, 1, _DPI)  # type: ignore[no-untyped-call]

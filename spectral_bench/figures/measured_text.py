"""How wide text is in print, and its lines: so that what stands beside or below it has room, in any font."""

import re
from functools import cache
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

#: Pixels to an inch at which text is measured: fine enough that rounding to pixels adds up to nothing.
_DPI = 600

#: Letters are fitted to the pixels of a screen, and a line of them may come out wider by this.
_FITTED = 1.03

#: What is not broken: a formula, whatever spaces it holds, or a word.
_PIECE = re.compile(r"(?:\$[^$]*\$|[^\s$])+")


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Inches of a line of text, in the font of the figures.

    Args:
        text: may hold formulas.
        size: of the font, in points.
        weight: of the font.
    """
    font = FontProperties(size=size, weight=weight)
    return float(_renderer().get_text_width_height_descent(text, font, "$" in text)[0]) / _DPI * _FITTED


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Text in lines of at most so many inches; a word that is longer has a line of its own.

    Args:
        text: may hold formulas, which are not broken.
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

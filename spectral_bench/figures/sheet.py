"""What the user may ask of a figure's layout, and the strips it is put together from."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.config.hints import short, unknown
from spectral_bench.errors import InputError

_CM = 1 / 2.54

#: Widths by name, in inches: a column of a journal, and two.
WIDTHS = {"single": 8.5 * _CM, "double": 17.8 * _CM}

#: Inches; below it no panel is legible.
_NARROWEST, _WIDEST = 2.0, 40.0

_LENGTH = re.compile(r"(?P<number>\d+(?:\.\d*)?)\s*(?P<unit>cm|in)")

#: Inches of a title, of a line of a caption and of a line of a legend.
_TITLE, _LINE, _ENTRY = 0.2, 0.14, 0.17

#: Characters to an inch of a title, a caption and a legend.
_OF_TITLE, _OF_CAPTION, _OF_LEGEND = 13.5, 17.5, 16.3


@dataclass(frozen=True)
class Sheet:
    """The layout of a figure.

    Attributes:
        width: in inches.
        title: whether title and caption are drawn: under a figure in print they are text.
        panels: the names of those to be drawn; None: all.
    """

    width: float = WIDTHS["double"]
    title: bool = True
    panels: tuple[str, ...] | None = None

    def has(self, panel: str) -> bool:
        """Whether a panel is drawn."""
        return self.panels is None or panel in self.panels

    def beside(self, panels: int, least: float) -> int:
        """How many of them fit side by side, each at least so many inches wide; rows as even as they can be."""
        fit = max(1, min(panels, int(self.width / least + 0.05)))
        return -(-panels // -(-panels // fit))


def inches(width: str) -> float:
    """A width that the user typed: ``single``, ``double``, ``12cm``, ``5in``.

    Raises:
        InputError: it is none of these.
    """
    if width in WIDTHS:
        return WIDTHS[width]
    match = _LENGTH.fullmatch(width.strip())
    if match is None:
        raise InputError(f"--width {short(width)}: expected {', '.join(WIDTHS)}, or a length such as 12cm or 5in.")
    found = float(match["number"]) * (_CM if match["unit"] == "cm" else 1.0)
    if not _NARROWEST <= found <= _WIDEST:
        raise InputError(f"--width {width}: expected {_NARROWEST:g}in to {_WIDEST:g}in.")
    return found


def chosen_panels(words: Sequence[str], valid: Sequence[str]) -> tuple[str, ...] | None:
    """The panels that the user named, separated by commas; None: all.

    Raises:
        InputError: there is no such panel.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in valid:
            raise InputError(f"--panels: {unknown('panel', name, valid)}")
    return tuple(names) or None


@dataclass(frozen=True)
class Strip:
    """A row of panels.

    Attributes:
        height: in inches.
        draw: fills it; returns the panels whose lines the legend names.
    """

    height: float
    draw: Callable[[SubFigure], Sequence[Axes]]


def figure_of_strips(
    sheet: Sheet, title: str, caption: Sequence[str], labels: Sequence[str], strips: Sequence[Strip]
) -> Figure:
    """A figure of strips one under the other, below a title, a caption and one legend for all of them.

    Args:
        sheet: its layout.
        title: what it shows.
        caption: sentences.
        labels: entries of the legend, for which room is made.
        strips: at least one.
    """
    lines = _lines(sheet, title, caption) if sheet.title else []
    top = 0.04 + sum(height for _, height, _ in lines) + 0.05 + _ENTRY * -(-len(labels) // _columns(sheet, labels))
    heights = [top, *(strip.height for strip in strips)]
    figure = Figure(figsize=(sheet.width, sum(heights)), layout="constrained")
    parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    entries: dict[str, Artist] = {}
    for strip, part in zip(strips, parts[1:], strict=True):
        for axes in strip.draw(part):
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                entries.setdefault(str(label), handle)
    y = 0.04
    for text, height, style in lines:
        parts[0].text(0.04 / sheet.width, 1 - y / top, text, va="top", **style)
        y += height
    if entries:
        parts[0].legend(
            list(entries.values()), list(entries), loc="lower left", ncols=_columns(sheet, list(entries)),
            frameon=False, handlelength=3.6, borderaxespad=0.2, borderpad=0,
        )  # fmt: skip
    return figure


def _lines(sheet: Sheet, title: str, caption: Sequence[str]) -> list[tuple[str, float, dict[str, Any]]]:
    """Text, height and style of every line above the panels."""
    bold = {"fontsize": 9, "fontweight": "bold"}
    light = {"fontsize": 7, "color": "#444444"}
    above = [(line, _TITLE, bold) for line in wrap(title, int(sheet.width * _OF_TITLE))]
    sentences = [line for text in caption for line in wrap(text, int(sheet.width * _OF_CAPTION))]
    return [*above, *((line, _LINE, light) for line in sentences)]


def _columns(sheet: Sheet, labels: Sequence[str]) -> int:
    """Entries of a legend that fit side by side."""
    longest = max(map(len, labels), default=1)
    return max(1, min(len(labels) or 1, int(_OF_LEGEND * sheet.width) // (longest + 10)))

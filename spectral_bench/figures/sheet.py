"""What the user may ask of a figure's layout, and the strips it is put together from."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import inf
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.config.hints import short, unknown
from spectral_bench.errors import InputError
from spectral_bench.figures.measured_text import as_drawn, text_width, wrapped

_CM = 1 / 2.54

#: Widths by name, in inches: a column of a journal, and two.
WIDTHS = {"single": 8.5 * _CM, "double": 17.8 * _CM}

#: Inches; below it no panel is legible.
_NARROWEST, _WIDEST = 2.0, 40.0

#: Inches of the text on a page of letter paper, which is the shorter one: no figure of up to two columns is taller.
PAGE = 9.0

#: How much narrower panels may be where the figure would not fit the page.
_DENSE = 0.72

_LENGTH = re.compile(r"(?P<number>\d+(?:\.\d*)?)\s*(?P<unit>cm|in)")

#: Inches of a title, of a line of a caption, of an entry of a legend and of a further line of it.
_TITLE, _LINE, _ENTRY, _FURTHER = 0.2, 0.14, 0.17, 0.165

#: Inches left and right of the text above the panels.
_MARGIN = 0.05

#: Of a legend, in the size of its font: the length of a line, from it to the text, and from there to the next line.
HANDLE, _TO_TEXT, _TO_NEXT = 3.6, 0.8, 2.0

_FONT = 8.0

#: A legend of more lines than this is in small type, in several columns of shorter lines.
_MANY = 8
_SMALL, _SHORTER, _NEARER = (6.5, 6.0), 0.75, 1.2

#: Inches that no text needs: sums of widths are rounded.
_SLACK = 1e-6

#: Of captions and notes.
_LIGHT: Any = {"fontsize": 7, "alpha": 0.75}


class NoRoomError(InputError):
    """A figure would be taller than a page; the message says by how much, and what to leave out."""


@dataclass(frozen=True)
class Sheet:
    """The layout of a figure.

    Attributes:
        width: in inches.
        title: whether title and caption are drawn: under a figure in print they are text.
        panels: the names of those to be drawn; None: all.
        dense: whether panels side by side may be narrower than they are by choice.
    """

    width: float = WIDTHS["double"]
    title: bool = True
    panels: tuple[str, ...] | None = None
    dense: bool = False

    def has(self, panel: str) -> bool:
        """Whether a panel is drawn."""
        return self.panels is None or panel in self.panels

    def beside(self, panels: int, least: float) -> int:
        """How many of them fit side by side, each at least so many inches wide; rows as even as they can be."""
        least *= _DENSE if self.dense else 1.0
        fit = max(1, min(panels, int(self.width / least + 0.05)))
        return -(-panels // -(-panels // fit))

    @property
    def tallest(self) -> float:
        """Inches: the height of a page, and more of a figure that is wider than one."""
        return PAGE * max(1.0, self.width / WIDTHS["double"])


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
        least: inches below which it cannot be read.
    """

    height: float
    draw: Callable[[SubFigure], Sequence[Axes]]
    least: float


def figure_of_strips(
    sheet: Sheet,
    title: str,
    caption: Sequence[str],
    labels: Mapping[str, str],
    strips: Callable[[Sheet], Sequence[Strip]],
    handle: float = HANDLE,
    notes: Sequence[str] = (),
) -> Figure:
    """A figure of strips one under the other, below a title, a caption and one legend for all of them.

    It fits a page: where it would be taller, strips are lower, and if need be panels narrower.

    Args:
        sheet: its layout.
        title: what it shows.
        caption: sentences.
        labels: entries of the legend by the labels of lines, for which room is made; none: there is no legend.
        strips: makes at least one, for the layout that it is given.
        handle: length of a line in the legend, in the size of its font.
        notes: sentences without which the figure misleads: they stand below it, also where it has no caption.

    Raises:
        NoRoomError: no page has room for it.
    """
    lines = _lines(sheet, title, caption) if sheet.title else []
    legend = _legend(sheet, labels, handle)
    top = 0.04 + sum(height for _, height, _ in lines) + 0.05 + legend.height
    below = wrapped(" ".join(notes), sheet.width - 2 * _MARGIN, _LIGHT["fontsize"])
    bottom = _LINE * len(below) + 0.04 if below else 0.0
    fitting, heights = _fitting(sheet, title, top + bottom, strips)
    figure = Figure(figsize=(sheet.width, top + sum(heights) + bottom), layout="constrained")
    rows = [top, *heights, *([bottom] if below else [])]
    parts: Any = figure.subfigures(len(rows), 1, height_ratios=rows)
    entries: dict[str, Artist] = {}
    for strip, part in zip(fitting, parts[1 : 1 + len(heights)], strict=True):
        for axes in strip.draw(part):
            for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
                entries.setdefault(str(label), line)
    y = 0.04
    for text, height, style in lines:
        parts[0].text(_MARGIN / sheet.width, 1 - y / top, text, va="top", **style)
        y += height
    for at, text in enumerate(below):
        parts[-1].text(_MARGIN / sheet.width, 1 - at * _LINE / bottom, text, va="top", **_LIGHT)
    if labels and entries:
        parts[0].legend(
            list(entries.values()), [legend.names[label] for label in entries], loc="lower left", ncols=legend.columns,
            frameon=False, fontsize=None if legend.size == _FONT else legend.size, handlelength=legend.handle,
            handletextpad=_TO_TEXT, columnspacing=legend.to_next, borderaxespad=0.2, borderpad=0,
        )  # fmt: skip
    return figure


def _fitting(
    sheet: Sheet, title: str, top: float, strips: Callable[[Sheet], Sequence[Strip]]
) -> tuple[Sequence[Strip], list[float]]:
    """Strips that fit a page below so many inches, and their heights.

    Raises:
        NoRoomError: there are none.
    """
    room = sheet.tallest - top
    for layout in (sheet, replace(sheet, dense=True)):
        found = strips(layout)
        least, most = sum(strip.least for strip in found), sum(strip.height for strip in found)
        if least <= room:
            share = 1.0 if most <= room else (room - least) / (most - least)
            return found, [strip.least + share * (strip.height - strip.least) for strip in found]
    asked = f"at a width of {sheet.width:.3g} in " if sheet.width != Sheet().width else ""
    raise NoRoomError(
        f"{title.partition(':')[0]}: {asked}the figure would be {top + least:.1f} in tall, "
        f"and a page has {sheet.tallest:.3g} in. Choose some panels with --panels, fewer groups with --where, or a "
        "larger --width."
    )


def _lines(sheet: Sheet, title: str, caption: Sequence[str]) -> list[tuple[str, float, dict[str, Any]]]:
    """Text, height and style of every line above the panels."""
    bold = {"fontsize": 9, "fontweight": "bold"}
    width = sheet.width - 2 * _MARGIN
    above = [(line, _TITLE, bold) for line in wrapped(title, width, 9, "bold")]
    return [*above, *((line, _LINE, _LIGHT) for text in caption for line in wrapped(text, width, _LIGHT["fontsize"]))]


@dataclass(frozen=True)
class _Legend:
    """How the entries of a legend are set.

    Attributes:
        names: by the labels, broken into lines where they are too long.
        columns: how many entries stand side by side.
        height: in inches.
        size: of the font, in points.
        handle: length of a line, in the size of the font.
        to_next: distance of columns, in the size of the font.
    """

    names: dict[str, str]
    columns: int
    height: float
    size: float = _FONT
    handle: float = HANDLE
    to_next: float = _TO_NEXT


def _legend(sheet: Sheet, labels: Mapping[str, str], handle: float) -> _Legend:
    """The legend as it is set best; of many entries in small type, in as many columns as make it lowest."""
    width = sheet.width - 2 * _MARGIN
    beside, gap = (handle + _TO_TEXT) * _FONT / 72, _TO_NEXT * _FONT / 72
    entry = beside + max((text_width(as_drawn(name), _FONT) for name in labels.values()), default=0.0)
    side_by_side = max(1, min(len(labels), int((width + gap) / (entry + gap))))
    usual = _set(labels, _Legend({}, side_by_side, 0.0, handle=handle), width)
    if -(-len(labels) // usual.columns) <= _MANY:
        return usual
    tried = [
        _set(labels, _Legend({}, columns, 0.0, size, _SHORTER * handle, _NEARER), width)
        for size in _SMALL
        for columns in range(1, _MANY)
    ]
    return min([usual, *tried], key=lambda legend: (round(legend.height / legend.size, 3), -legend.size))


def _set(labels: Mapping[str, str], layout: _Legend, width: float) -> _Legend:
    """Entries broken to the widths of their columns; infinitely high, if a word does not fit one."""
    size, columns = layout.size, layout.columns
    beside, gap = (layout.handle + _TO_TEXT) * size / 72, layout.to_next * size / 72
    each, longer = divmod(len(labels), columns)
    ends = [0, *accumulate(each + (at < longer) for at in range(columns))]
    members = [list(labels.items())[first:last] for first, last in pairwise(ends)]
    own = [max((text_width(as_drawn(name), size) for _, name in several), default=0.0) + beside for several in members]
    names: dict[str, str] = {}
    height = 0.0
    for several, room in zip(members, _shared(own, width - gap * (columns - 1)), strict=True):
        broken = {label: wrapped(as_drawn(name), room - beside, size) or [""] for label, name in several}
        if columns > 1 and any(text_width(line, size) > room - beside for lines in broken.values() for line in lines):
            return replace(layout, height=inf)
        names |= {label: "\n".join(lines) for label, lines in broken.items()}
        height = max(height, sum(_ENTRY + _FURTHER * (len(lines) - 1) for lines in broken.values()))
    return replace(layout, names=names, height=height * size / _FONT)


def _shared(wanted: Sequence[float], room: float) -> list[float]:
    """Widths that share so much room: what is wanted by those that want little, and the rest in equal parts."""
    widths, left = dict.fromkeys(range(len(wanted)), 0.0), room
    for done, at in enumerate(sorted(widths, key=lambda at: wanted[at])):
        widths[at] = min(wanted[at] + _SLACK, left / (len(wanted) - done))
        left -= widths[at]
    return list(widths.values())

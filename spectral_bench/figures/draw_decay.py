"""The panel of decay rates: a row a group, with its interval, in words, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from spectral_bench.figures.axis_limits import Limits, leaves, limits_of
from spectral_bench.figures.intervals import draw_interval
from spectral_bench.figures.measured_text import as_drawn, text_width, wrapped
from spectral_bench.figures.relative_gradients import Decay, Moment
from spectral_bench.runs.layout import AxisWords

#: Inches of a line of text, between two rows, and of title and axis together: by choice, and at least.
_LINE, _BETWEEN_ROWS, _REST = 0.135, 0.1, 0.85
_LEAST_LINE, _LEAST_BETWEEN, _LEAST_REST = 0.115, 0.05, 0.7

#: Sizes of names with verdicts, and of what is told.
_BOLD, _LIGHT = 7.5, 7.0

#: Inches between a name and its verdict, and between the text and the axis.
_BETWEEN, _GAP = 0.15, 0.1

#: Sizes of the title and of a marker, in points.
_TITLE, _MARKER = 8.0, 4.5

#: Inches from a tick to the next.
_TICK = 0.5

#: Share of the panel that the text takes at most.
_TEXT = 0.6


@dataclass(frozen=True)
class _Words:
    """A piece of a line of text.

    Attributes:
        text: the words.
        size: of the font, in points.
        weight: of the font.
        colour: of the words; None: as all text.
        ends: whether it stands at the end of the line.
    """

    text: str
    size: float
    weight: str = "normal"
    colour: str | None = None
    ends: bool = False

    @property
    def width(self) -> float:
        """Inches."""
        return text_width(self.text, self.size, self.weight)


def decay_heights(moment: Moment, width: float) -> tuple[float, float]:
    """Inches that the panel takes by choice, and those that it needs at least.

    Args:
        moment: what it shows.
        width: inches of the panel.
    """
    lines = sum(len(_lines(one, _TEXT * width)) for one in moment.decays)
    rows = len(moment.decays)
    return _REST + _LINE * lines + _BETWEEN_ROWS * rows, _LEAST_REST + _LEAST_LINE * lines + _LEAST_BETWEEN * rows


def decay_limits(decays: Sequence[Decay]) -> Limits:
    """Where the axis of the rates begins and ends; zero, a gradient that stays, is always on it."""
    means = [one.rate for one in decays if one.rate is not None]
    return limits_of(np.array([0.0, *(rate for one in decays for rate in one.rates)]), means)


def decay_goes_on(moment: Moment) -> bool:
    """Whether an interval leaves the axis."""
    limits = decay_limits(moment.decays)
    return any(one.rate is not None and leaves(one.rate, limits) for one in moment.decays)


def draw_decay(figure: SubFigure, moment: Moment, words: AxisWords, width: float) -> Sequence[Axes]:
    """Draw the rates of a moment, each beside what is told of its group; nothing for the legend.

    Args:
        figure: where.
        moment: whose rates.
        words: for the places along the trace.
        width: inches of the panel.
    """
    axes: Axes = figure.subplots()
    axes.set_xlim(decay_limits(moment.decays))
    axes.axvline(0.0, color=mpl.rcParams["text.color"], alpha=0.67, linewidth=0.8, zorder=1)
    rows = [_lines(one, _TEXT * width) for one in moment.decays]
    column = _GAP + max((_width(line) for lines in rows for line in lines), default=0.0)
    # Where there is more room than the rows need, they stand further apart, and the lines of each as near as ever.
    needed = sum(_LINE * len(lines) for lines in rows)
    room = figure.bbox.height / figure.dpi - _REST
    between = max(_BETWEEN_ROWS, (room - needed) / len(rows)) if rows else _BETWEEN_ROWS
    y = 0.0
    for one, lines in zip(moment.decays, rows, strict=True):
        height = _LINE * len(lines)
        for at, line in enumerate(lines):
            # A column of verdicts takes several: one alone stands behind the name.
            end = _GAP if len(rows) > 1 else column - _width(line)
            for piece in line:
                axes.annotate(
                    piece.text, (0.0, y - between / 2 - _LINE * (at + 0.5)), xycoords=("axes fraction", "data"),
                    xytext=(-72 * (end if piece.ends else column), 0.0), textcoords="offset points", va="center",
                    ha="right" if piece.ends else "left", annotation_clip=False,
                    color=piece.colour or mpl.rcParams["text.color"], fontsize=piece.size, fontweight=piece.weight,
                )  # fmt: skip
        if one.rate is not None:
            middle = y - (height + between) / 2
            draw_interval(axes, middle, one.rate, one.look.colour, lying=True)
            axes.plot([one.rate.mean], [middle], linestyle="", zorder=3, **one.look.marked(_MARKER))
        y -= height + between
    axes.set_ylim(y or -1.0, 0.0)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(max(1, int((width - column) / _TICK))))
    axes.set_xlabel(f"rate per {words.short}\n← grows   shrinks →", fontsize=_LIGHT)
    several = any(one.rate is not None and one.rate.interval is not None for one in moment.decays)
    title = f"decay on the way back{', with 95 % interval' if several else ''}"
    axes.set_title("\n".join(wrapped(title, width - _GAP, _TITLE)), loc="right")
    return []


def _width(line: Sequence[_Words]) -> float:
    """Inches of a line."""
    return sum(words.width for words in line) + _BETWEEN * (len(line) - 1)


def _lines(one: Decay, width: float) -> list[list[_Words]]:
    """What is written of a group, in a column of so many inches.

    Its name, behind or below it the verdict, then the rate and what arrives.
    """
    room = width - _GAP
    names = [
        [_Words(text, _BOLD, "bold", one.look.colour)] for text in wrapped(as_drawn(one.label), room, _BOLD, "bold")
    ]
    verdict = _Words(one.verdict, _BOLD, "bold", ends=True)
    if names and _width([*names[-1], verdict]) <= room:
        names[-1].append(verdict)
    else:
        names.append([replace(verdict, ends=False)])
    words = "; ".join(filter(None, (one.rate_words, one.kept_words)))
    return [*names, *([_Words(text, _LIGHT)] for text in wrapped(words, room, _LIGHT))]

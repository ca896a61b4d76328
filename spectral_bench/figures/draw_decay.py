"""The panel of decay rates: a row a group, with its interval, in words, and the verdict."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from spectral_bench.figures.axis_limits import Limits, leaves, limits_of
from spectral_bench.figures.intervals import draw_interval
from spectral_bench.figures.measured_text import text_width, wrapped
from spectral_bench.figures.relative_gradients import Decay, Moment
from spectral_bench.runs.layout import AxisWords

#: Inches of a line of text, of the rate below it, and of title and axis together: by choice, and at least.
_LINE, _RATE, _REST = 0.135, 0.15, 0.75
_LEAST_LINE, _LEAST_RATE, _LEAST_REST = 0.115, 0.11, 0.6

#: Sizes of names with verdicts, and of what is told.
_BOLD, _LIGHT = 7.5, 7.0

#: Inches of the panel's margins, and between a name and a verdict beside it.
_MARGINS, _BETWEEN = 0.2, 0.15


def decay_heights(moment: Moment, width: float) -> tuple[float, float]:
    """Inches that the panel takes by choice, and those that it needs at least.

    Args:
        moment: what it shows.
        width: inches of the panel.
    """
    lines = sum(len(_lines(one, width)) for one in moment.decays)
    rows = len(moment.decays)
    return _REST + _LINE * lines + _RATE * rows, _LEAST_REST + _LEAST_LINE * lines + _LEAST_RATE * rows


def decay_limits(decays: Sequence[Decay]) -> Limits:
    """Where the axis of the rates begins and ends; zero, a gradient that stays, is always on it."""
    means = [one.rate for one in decays if one.rate is not None]
    return limits_of(np.array([0.0, *(rate for one in decays for rate in one.rates)]), means)


def decay_goes_on(moment: Moment) -> bool:
    """Whether an interval leaves the axis."""
    limits = decay_limits(moment.decays)
    return any(one.rate is not None and leaves(one.rate, limits) for one in moment.decays)


def draw_decay(figure: SubFigure, moment: Moment, words: AxisWords, width: float) -> Sequence[Axes]:
    """Draw the rates of a moment in a panel of so many inches, zero (level) as a line; nothing for the legend."""
    axes: Axes = figure.subplots()
    axes.set_xlim(decay_limits(moment.decays))
    axes.axvline(0.0, color="#555555", linewidth=0.8, zorder=1)
    y = 0.0
    for one in moment.decays:
        for line in _lines(one, width):
            y -= _LINE
            for text, style in line:
                axes.text(y=y + _LINE / 2, s=text, va="center", transform=axes.get_yaxis_transform(), **style)
        y -= _RATE
        if one.rate is not None:
            draw_interval(axes, y + _RATE / 2, one.rate, one.look.colour, lying=True)
            axes.plot(
                [one.rate.mean], [y + _RATE / 2], color=one.look.colour, marker=one.look.marker, markersize=4.5,
                markeredgewidth=0, linestyle="", zorder=3,
            )  # fmt: skip
    axes.set_ylim(y - _RATE / 2, 0.0)
    axes.set_yticks([])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    unit = words.unit.rpartition(" ")[2]
    axes.set_xlabel(f"← grows    rate per {unit}    shrinks →")
    several = any(one.rate is not None and one.rate.interval is not None for one in moment.decays)
    axes.set_title(f"decay on the way back{', with 95 % interval' if several else ''}")
    return []


def _lines(one: Decay, width: float) -> list[list[tuple[str, dict[str, Any]]]]:
    """What is written of a group: its name, the rate and what arrives, and on the first line with room the verdict."""
    room = width - _MARGINS
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    name: dict[str, Any] = {"x": 0.0, "color": one.look.colour, "fontweight": "bold", "fontsize": _BOLD, "bbox": white}
    light: dict[str, Any] = {"x": 0.0, "fontsize": _LIGHT, "bbox": white}
    verdict: dict[str, Any] = {"x": 1.0, "ha": "right", "fontweight": "bold", "fontsize": _BOLD, "bbox": white}
    told = "; ".join(filter(None, (one.rate_words, one.kept_words)))
    lines = [[(text, name)] for text in wrapped(one.label, room, _BOLD, "bold")]
    lines += [[(text, light)] for text in wrapped(told, room, _LIGHT)]
    left = room - _BETWEEN - text_width(one.verdict, _BOLD, "bold")
    for line in lines:
        ((text, style),) = line
        if text_width(text, style["fontsize"], style.get("fontweight", "normal")) <= left:
            line.append((one.verdict, verdict))
            return lines
    return [*lines, [(one.verdict, verdict)]]

"""The figure of a metric against a key."""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import wrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import AutoLocator
from matplotlib.transforms import offset_copy

from spectral_bench.compare.statistics import Estimate
from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.axis_limits import Limits, leaves, lengthened, limits_of
from spectral_bench.figures.baseline import (
    about_baselines,
    baseline_is_near,
    draw_baseline,
    limits_with_room_for_baseline,
)
from spectral_bench.figures.dodging import sidesteps
from spectral_bench.figures.intervals import GOES_ON, draw_interval
from spectral_bench.figures.measured_text import text_width
from spectral_bench.figures.samples import about_pools, counts_and_names
from spectral_bench.figures.series import Array, unfloored
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.style import plain_decades
from spectral_bench.figures.sweeps import SweepLine, SweepPictures, SweepPoint
from spectral_bench.figures.words import key_in_words

#: Inches of the narrowest panel, and of a row of them: by choice, and at least.
_NARROWEST, _HEIGHT, _LEAST = 2.2, 2.6, 1.5

#: Characters of a name beside a panel.
_NAME = 30

#: Share of the y axis that a count of seeds takes which did worse than any number.
_ROOM_OF_WORSE = 0.1

#: Size of a marker in points (of 1/72 inch).
_MARKER = 4.5

#: Of a count of what did worse than any number, in points: its font, the marker before it, and between these.
_SMALL, _OF_WORSE, _TO_WORSE = 6.5, 3.5, 2.0

#: Points between two markers that stand side by side, and of a panel's width those beside its axis.
_BESIDE, _MARGINS = 6.0, 50.0


def draw_sweep(pictures: SweepPictures, sheet: Sheet) -> Figure:
    """Draw points with intervals, lines through them, and each seed as a dot."""
    panels = {title: lines for title, lines in pictures.panels.items() if not title or sheet.has(title)}
    lines = [line for several in panels.values() for line in several]
    level = pictures.baseline
    near = level is not None and baseline_is_near(level, _measured(lines), logarithmic=pictures.logarithmic)
    numbers = _limits(lines, pictures, near=near)
    limits = _with_room(numbers, list(panels.values()), pictures, near=near)

    def strips(layout: Sheet) -> list[Strip]:
        columns = layout.beside(len(panels), _NARROWEST)
        rows = -(-len(panels) // columns)
        beside = _BESIDE / (72 * layout.width / columns - _MARGINS)

        def draw(part: SubFigure) -> Sequence[Axes]:
            drawn = list(part.subplots(rows, columns, sharey=True, squeeze=False).flat)
            for axes in drawn[len(panels) :]:
                axes.remove()
            shown = drawn[: len(panels)]
            if pictures.logarithmic:
                shown[0].set_yscale("log")
            shown[0].set_ylim(limits)
            if not pictures.logarithmic:
                inner = AutoLocator().tick_values(*numbers)
                shown[0].set_yticks([tick for tick in inner if numbers[0] <= tick <= numbers[1]])
            for axes, (title, several) in zip(shown, panels.items(), strict=True):
                axes.set_title(title)
                _draw_panel(axes, several, _apart(several, pictures, beside), pictures)
                if level is not None:
                    draw_baseline(axes, level, near=near)
            for axes in shown[::columns]:
                axes.set_ylabel("\n".join(wrap(key_in_words(pictures.keys.y, pictures.metric), _NAME)))
            return shown

        return [Strip(_HEIGHT * rows, draw, _LEAST * rows)]

    x, y = (key_in_words(key, pictures.metric) for key in (pictures.keys.x, pictures.keys.y))
    named_below = pictures.keys.x == pictures.keys.hue and not pictures.keys.by
    title = f"{pictures.title}: {y} against {x}"
    many, names = counts_and_names(_counts(lines), legend=not named_below)
    sentences = _sentences(pictures, lines, limits, many)
    caption = [*sentences, *about_baselines([] if level is None else [near]), *pictures.states]
    return figure_of_strips(
        sheet,
        title,
        [" ".join(caption)],
        names,
        strips,
        notes=about_pools(pictures.pooled),
    )


def _counts(lines: Sequence[SweepLine]) -> dict[str, set[int]]:
    """How many seeds are in the means of the lines of a label, whichever panels they are in."""
    counts: dict[str, set[int]] = {}
    for line in lines:
        counts.setdefault(line.label, set()).update(len(point.values) for point in line.points if point.values)
    return counts


def _limits(lines: Sequence[SweepLine], pictures: SweepPictures, *, near: bool) -> Limits:
    """The part of the y axis, which all panels share, where there are numbers."""
    level = pictures.baseline
    points = np.array([*_measured(lines), *([level] if near and level is not None else [])])
    return limits_of(points, _means(lines), logarithmic=pictures.logarithmic, possible=pictures.possible)


def _with_room(limits: Limits, panels: Sequence[Sequence[SweepLine]], pictures: SweepPictures, *, near: bool) -> Limits:
    """The y axis, with room for what is written at its ends."""
    level = pictures.baseline
    worse = _ROOM_OF_WORSE * max((len(several) for one in panels for several in _worse(one).values()), default=0)
    below, above = (worse, 0.0) if pictures.higher_is_better else (0.0, worse)
    limits = lengthened(limits, below, above, logarithmic=pictures.logarithmic)
    if level is None or near:
        return limits
    return limits_with_room_for_baseline(limits, level, logarithmic=pictures.logarithmic)


def _sentences(pictures: SweepPictures, lines: Sequence[SweepLine], limits: Limits, many: str) -> list[str]:
    points = [point for line in lines for point in line.points]
    sentences = []
    if any(len(point.values) > 1 for point in points):
        how = "geometric means" if pictures.geometric else "means"
        intervals = "95 % intervals, on logarithms" if pictures.geometric else "95 % intervals"
        each = ", the mean of its runs" if pictures.pooled else ""
        sentences.append(f"Points: {how} over {many} seeds with {intervals}; dots: each seed{each}.")
    elif any(point.runs - point.without > 1 for point in points):
        sentences.append("Points: one seed each, the mean of its runs.")
    elif points:
        sentences.append(f"Points: one {'run' if pictures.pooled else 'seed'} each.")
    if pictures.geometric and not all(unfloored(value) for point in points for value in point.values):
        sentences.append(f"What underflows counts as {FLOOR:.1e}, and there is no interval.")
    if any(leaves(mean, limits) for mean in _means(lines)):
        sentences.append(GOES_ON)
    if any(any(row) for several in pictures.panels.values() for row in _aside(several, pictures)):
        sentences.append("Points of one place stand side by side.")
    if any(point.without for point in points):
        counted = "runs" if pictures.pooled else "seeds"
        sentences.append(f"×: how many {counted} of a line diverged or never got there; they are in no mean.")
    return sentences


def _measured(lines: Sequence[SweepLine]) -> Array:
    """Every number of a seed, and every mean."""
    values = [value for line in lines for point in line.points for value in point.values]
    return np.array([*values, *(mean.mean for mean in _means(lines))])


def _means(lines: Sequence[SweepLine]) -> list[Estimate]:
    return [point.mean for line in lines for point in line.points if point.mean is not None]


def _aside(lines: Sequence[SweepLine], pictures: SweepPictures) -> list[list[float]]:
    return sidesteps(lines, logarithmic=pictures.logarithmic)


def _apart(lines: Sequence[SweepLine], pictures: SweepPictures, beside: float) -> list[list[float]]:
    """How far each point of each line stands from its place; ``beside`` is the share of the axis of one step."""
    places = sorted(pictures.x_axis.places.values())
    steps = _aside(lines, pictures)
    most = 2 * max((abs(step) for row in steps for step in row), default=0.0) + 1
    nearest = min((after - before for before, after in pairwise(places)), default=1.0)
    unit = min(beside * ((places[-1] - places[0]) * 1.12 or 1.0), 0.8 * nearest / most)
    return [[step * unit for step in row] for row in steps]


def _draw_panel(
    axes: Axes, lines: Sequence[SweepLine], apart: Sequence[Sequence[float]], pictures: SweepPictures
) -> None:
    """Draw the lines of a panel whose y axis has its limits."""
    for line, steps in zip(lines, apart, strict=True):
        _draw_line(axes, line, steps, pictures)
    if pictures.logarithmic:
        plain_decades(axes)
    axes.set_xlabel(key_in_words(pictures.keys.x, pictures.metric))
    pictures.x_axis.put(axes)
    low, high = axes.get_xlim()
    reach = max((abs(step) for row in apart for step in row), default=0.0)
    axes.set_xlim(low - reach, high + reach)
    _mark_the_worse(axes, lines, pictures)


def _draw_line(axes: Axes, line: SweepLine, steps: Sequence[float], pictures: SweepPictures) -> None:
    look = line.look
    with_mean = [
        (point.place + step, point, point.mean)
        for point, step in zip(line.points, steps, strict=True)
        if point.mean is not None
    ]
    joined = [(place, mean.mean) for place, point, mean in with_mean if pictures.x_axis.joins(point.x)]
    if joined:
        axes.plot(*zip(*joined, strict=True), color=look.colour, linestyle=look.dashes, linewidth=1.1)
    for place, point, mean in with_mean:
        draw_interval(axes, place, mean, look.colour)
        if len(point.values) > 1:
            axes.plot(
                [place] * len(point.values), point.values, color=look.colour, marker=".", markersize=3, alpha=0.5,
                linestyle="",
            )  # fmt: skip
    points = [place for place, _, _ in with_mean], [mean.mean for _, _, mean in with_mean]
    marked = look.marked(_MARKER)
    axes.plot(*points, linestyle="", **marked)
    axes.plot([], [], linestyle=look.dashes if len(joined) > 1 else "", label=line.label, **marked)


def _worse(lines: Sequence[SweepLine]) -> dict[float, list[tuple[SweepLine, SweepPoint]]]:
    """The points with seeds that did worse than any number, by their places."""
    by_place: dict[float, list[tuple[SweepLine, SweepPoint]]] = {}
    for line in lines:
        for point in line.points:
            if point.without:
                by_place.setdefault(point.place, []).append((line, point))
    return by_place


def _mark_the_worse(axes: Axes, lines: Sequence[SweepLine], pictures: SweepPictures) -> None:
    """How many runs of a point did worse than any number, on the worse side, behind the marker of its line."""
    behind = _OF_WORSE + _TO_WORSE if len(lines) > 1 else 0.0
    for place, several in _worse(lines).items():
        for at, (line, point) in enumerate(several):
            inwards = _ROOM_OF_WORSE * (at + 0.6) / (1 + _ROOM_OF_WORSE * len(several))
            y = inwards if pictures.higher_is_better else 1 - inwards
            missing = f"× {point.without}/{point.runs}"
            axes.annotate(
                missing, (place, y), (behind / 2, 0.0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                color=line.look.colour, fontsize=_SMALL, ha="center", va="center", annotation_clip=False, zorder=4,
                bbox={"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip
            if behind:
                beside = (72 * text_width(missing, _SMALL) + _TO_WORSE) / 2
                shifted = offset_copy(axes.get_xaxis_transform(), axes.get_figure(root=True), -beside, units="points")
                marked = line.look.marked(_OF_WORSE)
                axes.plot([place], [y], transform=shifted, linestyle="", clip_on=False, zorder=4, **marked)

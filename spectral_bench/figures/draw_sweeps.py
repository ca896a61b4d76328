"""The figure of a metric against a key."""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.compare.statistics import Estimate
from spectral_bench.figures.baseline import (
    about_baselines,
    baseline_is_near,
    draw_baseline,
    make_room_for_baseline,
)
from spectral_bench.figures.dodging import sidesteps
from spectral_bench.figures.series import Array
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.style import plain_decades
from spectral_bench.figures.sweeps import SweepLine, SweepPictures, SweepPoint
from spectral_bench.figures.words import key_in_words

#: Inches of the narrowest panel, and of a row of them.
_NARROWEST, _HEIGHT = 2.2, 2.6

#: Characters of a name beside a panel.
_NAME = 30

#: Points (of 1/72 inch) between two markers that stand side by side, and of a panel's width those beside its axis.
_BESIDE, _MARGINS = 6.0, 50.0


def draw_sweep(pictures: SweepPictures, sheet: Sheet) -> Figure:
    """Draw points with intervals, lines through them, and each seed as a dot."""
    panels = {title: lines for title, lines in pictures.panels.items() if not title or sheet.has(title)}
    lines = [line for several in panels.values() for line in several]
    labels = list(dict.fromkeys(line.label for line in lines))
    columns = sheet.beside(len(panels), _NARROWEST)
    rows = -(-len(panels) // columns)
    level = pictures.baseline
    near = level is not None and baseline_is_near(level, _heights(lines), logarithmic=pictures.logarithmic)
    beside = _BESIDE / (72 * sheet.width / columns - _MARGINS)

    def draw(part: SubFigure) -> Sequence[Axes]:
        drawn = list(part.subplots(rows, columns, sharey=True, squeeze=False).flat)
        for axes in drawn[len(panels) :]:
            axes.remove()
        shown = drawn[: len(panels)]
        apart = {title: _apart(several, pictures, beside) for title, several in panels.items()}
        for axes, (title, several) in zip(shown, panels.items(), strict=True):
            _draw_panel(axes, title, several, apart[title], pictures)
        for axes in shown[::columns]:
            axes.set_ylabel("\n".join(wrap(key_in_words(pictures.keys.y, pictures.metric), _NAME)))
        for axes in shown:
            _mark_the_worse(axes, panels.get(axes.get_title(), lines), pictures)
        if level is not None and not near:
            make_room_for_baseline(shown[0], level)
        for axes, (title, several) in zip(shown, panels.items(), strict=True):  # the panels share limits, now final
            _open_whiskers(axes, several, apart[title], pictures)
            if level is not None:
                draw_baseline(axes, level, near=near)
        return shown

    x, y = (key_in_words(key, pictures.metric) for key in (pictures.keys.x, pictures.keys.y))
    title = f"{pictures.title}: {y} against {x}"
    caption = [*_sentences(pictures, lines), *about_baselines([] if level is None else [near]), *pictures.states]
    return figure_of_strips(sheet, title, [" ".join(caption)], labels, [Strip(_HEIGHT * rows, draw)])


def _sentences(pictures: SweepPictures, lines: Sequence[SweepLine]) -> list[str]:
    points = [point for line in lines for point in line.points]
    sentences = []
    if any(len(point.values) > 1 for point in points):
        how = "geometric means over seeds with 95 % intervals, on logarithms" if pictures.geometric else (
            "means over seeds with 95 % intervals"
        )  # fmt: skip
        sentences.append(f"Points: {how}; dots: each seed.")
    if any(any(row) for several in pictures.panels.values() for row in _aside(several, pictures)):
        sentences.append("Points of one place stand side by side.")
    if any(point.mean is not None and _is_open(point.mean, pictures) for point in points):
        sentences.append("▼: the interval goes on below, to zero or beyond.")
    if any(point.without for point in points):
        sentences.append("×: how many seeds diverged or never got there; they are in no mean.")
    return sentences


def _heights(lines: Sequence[SweepLine]) -> Array:
    """Everything that is drawn."""
    points = [point for line in lines for point in line.points]
    means = [point.mean for point in points if point.mean is not None]
    ends = [end for mean in means for end in (mean.mean, mean.low, mean.high) if end is not None]
    return np.array([*ends, *(value for point in points for value in point.values)])


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
    axes: Axes, title: str, lines: Sequence[SweepLine], apart: Sequence[Sequence[float]], pictures: SweepPictures
) -> None:
    if title:
        axes.set_title(title)
    if pictures.logarithmic:
        axes.set_yscale("log")
    for line, steps in zip(lines, apart, strict=True):
        _draw_line(axes, line, steps, pictures)
    if pictures.logarithmic:
        plain_decades(axes)
    axes.set_xlabel(key_in_words(pictures.keys.x, pictures.metric))
    pictures.x_axis.put(axes)


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
        if mean.low is not None and mean.high is not None:
            low = mean.mean if _is_open(mean, pictures) else mean.low
            axes.plot([place] * 2, [low, mean.high], color=look.colour, linewidth=1.0)
        if len(point.values) > 1:
            axes.plot(
                [place] * len(point.values), point.values, color=look.colour, marker=".", markersize=3, alpha=0.5,
                linestyle="",
            )  # fmt: skip
    points = [place for place, _, _ in with_mean], [mean.mean for _, _, mean in with_mean]
    marked: Any = {"color": look.colour, "marker": look.marker, "markersize": 4.5, "markeredgewidth": 0}
    axes.plot(*points, linestyle="", **marked)
    axes.plot([], [], linestyle=look.dashes if len(joined) > 1 else "", label=line.label, **marked)


def _is_open(mean: Estimate, pictures: SweepPictures) -> bool:
    """Whether the lower end of an interval lies on no logarithmic axis."""
    return pictures.logarithmic and mean.low is not None and mean.low <= 0


def _open_whiskers(
    axes: Axes, lines: Sequence[SweepLine], apart: Sequence[Sequence[float]], pictures: SweepPictures
) -> None:
    """Whiskers that leave the axis below, with an arrow where they do."""
    low, high = axes.get_ylim()
    for line, steps in zip(lines, apart, strict=True):
        for point, step in zip(line.points, steps, strict=True):
            if point.mean is not None and _is_open(point.mean, pictures):
                axes.plot(
                    [point.place + step] * 2, [low, point.mean.mean], color=line.look.colour, linewidth=1.0, marker="v",
                    markevery=[0], markersize=4, markeredgewidth=0, clip_on=False,
                )  # fmt: skip
    axes.set_ylim(low, high)


def _mark_the_worse(axes: Axes, lines: Sequence[SweepLine], pictures: SweepPictures) -> None:
    """A cross on the worse side for every point with seeds that did worse than any number, and how many they are."""
    by_place: dict[float, list[tuple[SweepLine, SweepPoint]]] = {}
    for line in lines:
        for point in line.points:
            if point.without:
                by_place.setdefault(point.place, []).append((line, point))
    edge = 0.02 if pictures.higher_is_better else 0.98
    inwards = 1 if pictures.higher_is_better else -1
    for place, several in by_place.items():
        for at, (line, point) in enumerate(several):
            y = edge + inwards * 0.06 * at
            told = f"× {point.without}/{point.without + len(point.values)}"
            axes.text(
                place, y, told, color=line.look.colour, fontsize=6.5,
                transform=axes.get_xaxis_transform(), ha="center", va="center", clip_on=False,
            )  # fmt: skip
    if by_place:
        low, high = axes.get_ylim()
        scale = axes.transScale
        ends: list[float] = [float(scale.transform((1.0, end))[1]) for end in (low, high)]
        room = 0.08 * (ends[1] - ends[0]) * max(len(several) for several in by_place.values())
        ends[0 if pictures.higher_is_better else 1] -= inwards * room
        back = scale.inverted()
        axes.set_ylim(*(float(np.asarray(back.transform((0.0, end)))[1]) for end in ends))

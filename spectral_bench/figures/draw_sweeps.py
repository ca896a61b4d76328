"""The figure of a metric against a key."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.compare.statistics import Estimate
from spectral_bench.figures.draw_learning import BASELINE, draw_level
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.style import plain_decades
from spectral_bench.figures.sweeps import SweepLine, SweepPictures, SweepPoint
from spectral_bench.figures.words import key_in_words

#: Inches of the narrowest panel, and of a row of them.
_NARROWEST, _HEIGHT = 2.2, 2.6


def draw_sweep(pictures: SweepPictures, sheet: Sheet) -> Figure:
    """Draw points with intervals, lines through them, and each seed as a dot."""
    panels = {title: lines for title, lines in pictures.panels.items() if not title or sheet.has(title)}
    lines = [line for several in panels.values() for line in several]
    labels = list(dict.fromkeys(line.label for line in lines))
    columns = sheet.beside(len(panels), _NARROWEST)
    rows = -(-len(panels) // columns)

    def draw(part: SubFigure) -> Sequence[Axes]:
        drawn = list(part.subplots(rows, columns, sharey=True, squeeze=False).flat)
        for axes in drawn[len(panels) :]:
            axes.remove()
        shown = drawn[: len(panels)]
        for axes, (title, several) in zip(shown, panels.items(), strict=True):
            _draw_panel(axes, title, several, pictures)
        for axes in shown[::columns]:
            axes.set_ylabel(key_in_words(pictures.keys.y, pictures.metric))
        for axes in shown:
            _mark_the_worse(axes, panels.get(axes.get_title(), lines), pictures)
        for axes, several in zip(shown, panels.values(), strict=True):  # the panels share limits, now final
            _open_whiskers(axes, several, pictures)
        return shown

    x, y = (key_in_words(key, pictures.metric) for key in (pictures.keys.x, pictures.keys.y))
    title = f"{pictures.title}: {y} against {x}"
    return figure_of_strips(sheet, title, [_caption(pictures, lines)], labels, [Strip(_HEIGHT * rows, draw)])


def _caption(pictures: SweepPictures, lines: Sequence[SweepLine]) -> str:
    points = [point for line in lines for point in line.points]
    sentences = []
    if any(len(point.values) > 1 for point in points):
        how = "geometric means over seeds with 95 % intervals, on logarithms" if pictures.geometric else (
            "means over seeds with 95 % intervals"
        )  # fmt: skip
        sentences.append(f"Points: {how}; dots: each seed.")
    if any(point.mean is not None and _is_open(point.mean, pictures) for point in points):
        sentences.append("▼: the interval goes on below, to zero or beyond.")
    if any(point.without for point in points):
        sentences.append("×: how many seeds diverged or never got there; they are in no mean.")
    if pictures.baseline is not None:
        sentences.append(BASELINE)
    return " ".join(sentences)


def _draw_panel(axes: Axes, title: str, lines: Sequence[SweepLine], pictures: SweepPictures) -> None:
    if title:
        axes.set_title(title)
    if pictures.logarithmic:
        axes.set_yscale("log")
    for line in lines:
        _draw_line(axes, line, pictures)
    if pictures.logarithmic:
        plain_decades(axes)
    axes.set_xlabel(key_in_words(pictures.keys.x, pictures.metric))
    pictures.x_axis.put(axes)
    if pictures.baseline is not None:
        draw_level(axes, pictures.baseline, "baseline")


def _draw_line(axes: Axes, line: SweepLine, pictures: SweepPictures) -> None:
    look = line.look
    with_mean = [(point, point.mean) for point in line.points if point.mean is not None]
    joined = [(point.place, mean.mean) for point, mean in with_mean if pictures.x_axis.joins(point.x)]
    if joined:
        axes.plot(*zip(*joined, strict=True), color=look.colour, linestyle=look.dashes, linewidth=1.1)
    for point, mean in with_mean:
        if mean.low is not None and mean.high is not None:
            low = mean.mean if _is_open(mean, pictures) else mean.low
            axes.plot([point.place] * 2, [low, mean.high], color=look.colour, linewidth=1.0)
        if len(point.values) > 1:
            axes.plot(
                [point.place] * len(point.values), point.values, color=look.colour, marker=".", markersize=3,
                alpha=0.5, linestyle="",
            )  # fmt: skip
    points = [point.place for point, _ in with_mean], [mean.mean for _, mean in with_mean]
    marked: Any = {"color": look.colour, "marker": look.marker, "markersize": 4.5, "markeredgewidth": 0}
    axes.plot(*points, linestyle="", **marked)
    axes.plot([], [], linestyle=look.dashes if joined else "", label=line.label, **marked)


def _is_open(mean: Estimate, pictures: SweepPictures) -> bool:
    """Whether the lower end of an interval lies on no logarithmic axis."""
    return pictures.logarithmic and mean.low is not None and mean.low <= 0


def _open_whiskers(axes: Axes, lines: Sequence[SweepLine], pictures: SweepPictures) -> None:
    """Whiskers that leave the axis below, with an arrow where they do."""
    low, high = axes.get_ylim()
    for line in lines:
        for point in line.points:
            if point.mean is not None and _is_open(point.mean, pictures):
                axes.plot(
                    [point.place] * 2, [low, point.mean.mean], color=line.look.colour, linewidth=1.0, marker="v",
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

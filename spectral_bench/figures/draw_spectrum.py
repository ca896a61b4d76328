"""The figure of singular values over training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.errors import InputError
from spectral_bench.figures.measured_text import as_drawn
from spectral_bench.figures.page import TITLE_SIZE, panel_title
from spectral_bench.figures.samples import about_pools, about_samples, counts_and_names, names_with_counts
from spectral_bench.figures.series import Series
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.figures.style import (
    BELOW_THE_AXIS,
    LIMIT,
    decades,
    draw_series,
    leaves_at_the_bottom,
    measured_once,
    plain_decades,
    say_the_only_point,
)
from spectral_bench.figures.words import listed
from spectral_bench.runs.setting_words import settings_in_words

#: Inches of the narrowest panel of a distribution.
_PANEL = 1.35

#: So many groups are named in a sentence.
_LISTED = 5

#: Inches of what stands beside its axis.
_AXIS = 0.62

#: Singular values further below the largest than this are cut off.
_DECADES = 4

#: A linear axis shows at least this: the rounding of an orthogonal matrix is not to fill a panel.
_NARROWEST = 0.0201


def draw_spectrum(pictures: SpectrumPictures, sheet: Sheet) -> Figure:
    """Draw the spectral margin of all models on one axis, and the distribution of σ of each.

    Raises:
        InputError: only the margin is asked for, and no model has one.
    """
    has_margin = sheet.has("margin") and bool(pictures.margin)
    has_distribution = sheet.has("distribution")
    if not has_margin and not has_distribution:
        raise InputError(f"{pictures.title}: no model has a spectral margin. --panels distribution draws the rest.")

    def strips(layout: Sheet) -> list[Strip]:
        found = []
        if has_margin:
            found.append(Strip(2.3, lambda part: _draw_margin(part, pictures), 1.5))
        if has_distribution:
            found.append(_distributions(pictures, layout))
        return found

    sentences = _about_margin(pictures) if has_margin else []
    sentences += _about_distributions(pictures, below=has_margin) if has_distribution else []
    sentences += _about_bounds(pictures, margin=has_margin, distribution=has_distribution)
    title = f"{settings_in_words(pictures.title)}: singular values of the recurrent matrices"
    labels = names_with_counts(pictures.margin) if has_margin else {}
    caption = " ".join([*sentences, *pictures.unnamed, *pictures.standings])
    return figure_of_strips(sheet, title, [caption], labels, strips, notes=about_pools(pictures.pooled))


def _about_margin(pictures: SpectrumPictures) -> list[str]:
    """What the margin is, and which groups have none."""
    of = _centre(pictures)
    sentence = f"Spectral margin: max$_i\\,|\\sigma_i - {of}|$, how far the singular values are from ${of}$"
    if of != "1":
        by_centre: dict[float, list[str]] = {}
        for series, centre in zip(pictures.margin, pictures.centres, strict=True):
            by_centre.setdefault(centre, []).append(series.label)
        sentence += ", " + "; ".join(f"{centre:g} in {_listed(names)}" for centre, names in by_centre.items())
    without = pictures.without_margin
    if without:
        sentence += f"; none for {_listed(without)}: the matrices of gates are not the Jacobian of a step"
    sentences = [f"{sentence}.", *about_samples(pictures.margin, pooled=pictures.pooled)]
    return [*sentences, BELOW_THE_AXIS] if leaves_at_the_bottom(pictures.margin) else sentences


def _about_distributions(pictures: SpectrumPictures, *, below: bool) -> list[str]:
    sentence = f"{'Below: m' if below else 'M'}inimum, quartiles, median and maximum of all singular values"
    if len(pictures.quantiles) > 1:
        sentence += ", every panel on its own axis, logarithmic or linear"
    many, _ = _counted(pictures)
    if many != "1":
        sentence += f"; quartiles and median are geometric means over {many} {'runs' if pictures.pooled else 'seeds'}, "
        sentence += "the outer edges the smallest minimum and the largest maximum of these"
    without = pictures.without_margin
    if without and not below:
        sentence += f"; of {_listed(without)} those of the gates' matrices, which are not the Jacobian of a step"
    return [f"{sentence}."]


def _counted(pictures: SpectrumPictures) -> tuple[str, dict[str, str]]:
    """How many runs the distributions are of, and their titles by the labels: where they differ, each says how many."""
    return counts_and_names({curves[0].label: {curves[0].runs} for curves in pictures.quantiles})


def _about_bounds(pictures: SpectrumPictures, *, margin: bool, distribution: bool) -> list[str]:
    """Which groups the dotted lines are of."""
    drawn = [
        series.label
        for series, radius in zip(pictures.margin, pictures.radii, strict=True)
        if radius and margin and not measured_once(pictures.margin)
    ]
    drawn += [
        curves[0].label
        for curves, allowed in zip(pictures.quantiles, pictures.allowed, strict=True)
        if allowed is not None and distribution
    ]
    names = [curves[0].label for curves in pictures.quantiles if curves[0].label in drawn]
    return [f"Dotted: what the radius of {_listed(names)} allows."] if names else []


def _centre(pictures: SpectrumPictures) -> str:
    """What the margins are measured from, as a formula."""
    return "1" if set(pictures.centres) == {1.0} else r"\sigma^*"


def _listed(names: Sequence[str]) -> str:
    """All of them; of many, how many they are."""
    if len(names) > _LISTED:
        return f"{len(names)} groups"
    return listed([as_drawn(name) for name in names])


def _draw_margin(figure: SubFigure, pictures: SpectrumPictures) -> Sequence[Axes]:
    axes: Axes = figure.subplots()
    name = f"spectral margin (log)\nmax$_i\\,|\\sigma_i - {_centre(pictures)}|$"
    axes.set(yscale="log", xlabel="training step", ylabel=name)
    if say_the_only_point(axes, pictures.margin):
        return [axes]
    draw_series(axes, pictures.margin, over_training=True)
    decades(axes, pictures.margin)
    for series, radius in zip(pictures.margin, pictures.radii, strict=True):
        if radius:  # of an orthogonal matrix it is zero, and lies below the axis
            axes.axhline(radius, color=series.look.colour, **LIMIT)
            bottom, top = axes.get_ylim()
            axes.set_ylim(bottom, max(top, 1.5 * radius))
    return [axes]


def _distributions(pictures: SpectrumPictures, sheet: Sheet) -> Strip:
    """A panel a group, as many side by side as there is room for."""
    columns = sheet.beside(len(pictures.quantiles), _PANEL)
    _, names = _counted(pictures)
    titles = [panel_title(names[curves[0].label], sheet.width / columns - _AXIS) for curves in pictures.quantiles]
    rows, line = -(-len(titles) // columns), 0.12 * max(title.count("\n") for title in titles)
    return Strip(
        (1.5 + line) * rows + 0.4,
        lambda part: _draw_quantiles(part, pictures, titles, columns),
        (0.95 + line) * rows + 0.4,
    )


def _draw_quantiles(
    figure: SubFigure, pictures: SpectrumPictures, titles: Sequence[str], columns: int
) -> Sequence[Axes]:
    panels = figure.subplots(-(-len(titles) // columns), columns, squeeze=False)
    for axes, curves, allowed, title in zip(
        panels.flat, pictures.quantiles, pictures.allowed, titles, strict=False
    ):  # fmt: skip
        _draw_distribution(axes, curves)
        for bound in allowed or ():
            axes.axhline(bound, color=curves[0].look.colour, **LIMIT)
        _limit(axes, curves, allowed or ())
        axes.set_title(title, fontsize=TITLE_SIZE)
        steps = np.unique(np.concatenate([one.x for one in curves]))
        if len(steps) == 1:
            axes.set_xticks(steps)
        else:
            axes.locator_params(axis="x", nbins=3)
    for axes in panels.flat[len(titles) :]:
        axes.remove()
    scales = {axes: "log" if axes.get_yscale() == "log" else "linear" for axes in panels.flat[: len(titles)]}
    mixed = len(set(scales.values())) > 1
    for axes, scale in scales.items():
        first = axes in panels[:, 0]
        if first or mixed:
            axes.set_ylabel(f"singular values\n$\\sigma_i$ ({scale})" if first else scale)
    figure.supxlabel("training step", fontsize=8)
    return []


def _draw_distribution(axes: Axes, curves: Sequence[Series]) -> None:
    """From the light to the dark: all of them, the middle half, the median.

    All of them are those of every run, as in the margin and in the table; the others are means over runs.
    """
    lowest, lower, middle, upper, highest = curves
    shade = middle.look.colour
    outer = (lowest.x, lowest.low), (highest.x, highest.high)
    inner = (lower.x, lower.mean), (upper.x, upper.mean)
    for edges, alpha in ((outer, 0.18), (inner, 0.35)):
        (first, _), (last, _) = edges
        x = np.intersect1d(first, last)  # an infinite value has no place on the axis
        below, above = (values[np.isin(places, x)] for places, values in edges)
        axes.fill_between(x, below, above, color=shade, alpha=alpha, linewidth=0)
    axes.plot(middle.x, middle.mean, color=shade)
    for places, values in outer:
        axes.plot(places, values, color=shade, linewidth=0.6)
    if len(lowest.x) == len(middle.x) == len(highest.x) == 1:
        axes.plot(middle.x, middle.mean, color=shade, marker="o", markersize=3)
        axes.vlines(middle.x, lowest.low, highest.high, color=shade, linewidth=0.6)


def _limit(axes: Axes, curves: Sequence[Series], allowed: Sequence[float]) -> None:
    """An axis of the panel's own: logarithmic where the values span more than a decade."""
    values = np.concatenate([curves[0].low, curves[-1].high, np.asarray(allowed, dtype=np.float64)])
    low, high = (float(values.min()), float(values.max())) if len(values) else (1.0, 1.0)
    if low < high / 10:
        axes.set_yscale("log")
        decades(axes, curves, most=_DECADES)
        plain_decades(axes)
    else:
        room = max(0.08 * (high - low), (_NARROWEST - (high - low)) / 2)
        axes.set_ylim(low - room, high + room)

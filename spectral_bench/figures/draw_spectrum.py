"""The figure of singular values over training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.figures.page import panel_title
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
    of_seeds,
    plain_decades,
    say_the_only_point,
)

#: Inches of the narrowest panel of a distribution.
_PANEL = 1.35

#: Singular values further below the largest than this are cut off.
_DECADES = 4

#: A linear axis shows at least this: the rounding of an orthogonal matrix is not to fill a panel.
_NARROWEST = 0.02


def draw_spectrum(pictures: SpectrumPictures, sheet: Sheet) -> Figure:
    """Draw the spectral margin of all models on one axis, and the distribution of σ of each."""
    labels = [series.label for series in pictures.margin]
    strips = []
    if sheet.has("margin") and pictures.margin:
        strips.append(Strip(2.3, lambda part: _draw_margin(part, pictures)))
    if sheet.has("distribution") or not strips:
        names = [curves[0].label for curves in pictures.quantiles]
        columns = sheet.beside(len(names), _PANEL)
        lines = max(panel_title(name, sheet.width / columns).count("\n") for name in names)
        height = (1.5 + 0.13 * lines) * -(-len(names) // columns) + 0.4
        strips.append(Strip(height, lambda part: _draw_quantiles(part, pictures, sheet)))
    title = f"{pictures.title}: singular values of the recurrent matrices"
    return figure_of_strips(sheet, title, [_caption(pictures, sheet)], labels if sheet.has("margin") else [], strips)


def _caption(pictures: SpectrumPictures, sheet: Sheet) -> str:
    sentences = of_seeds([series for curves in pictures.quantiles for series in curves])
    has_margin = sheet.has("margin") and bool(pictures.margin)
    has_distribution = sheet.has("distribution") or not has_margin
    if has_margin and leaves_at_the_bottom(pictures.margin):
        sentences.append(BELOW_THE_AXIS)
    in_margin = has_margin and any(pictures.radii) and not measured_once(pictures.margin)
    if in_margin or (has_distribution and any(allowed is not None for allowed in pictures.allowed)):
        sentences.append("Dotted: what the radius allows.")
    if has_distribution:
        sentences.append("Below: minimum, quartiles, median and maximum; every panel has its own axis.")
    return " ".join(sentences)


def _draw_margin(figure: SubFigure, pictures: SpectrumPictures) -> Sequence[Axes]:
    axes: Axes = figure.subplots()
    centre = "1" if pictures.centres <= {1.0} else r"\sigma^*"
    axes.set(yscale="log", xlabel="training step", ylabel=f"spectral margin\nmax $|\\sigma_i - {centre}|$")
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


def _draw_quantiles(figure: SubFigure, pictures: SpectrumPictures, sheet: Sheet) -> Sequence[Axes]:
    columns = sheet.beside(len(pictures.quantiles), _PANEL)
    rows = -(-len(pictures.quantiles) // columns)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, curves, allowed in zip(panels.flat, pictures.quantiles, pictures.allowed, strict=False):
        _draw_distribution(axes, curves)
        for bound in allowed or ():
            axes.axhline(bound, color=curves[0].look.colour, **LIMIT)
        _limit(axes, curves, allowed or ())
        axes.set_title(panel_title(curves[0].label, sheet.width / columns), fontsize=7)
        axes.locator_params(axis="x", nbins=3)
    for axes in panels.flat[len(pictures.quantiles) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel("singular values $\\sigma_i$")
    figure.supxlabel("training step", fontsize=8)
    return []


def _draw_distribution(axes: Axes, curves: Sequence[Series]) -> None:
    """From the light to the dark: all of them, the middle half, the median; means over runs."""
    lowest, lower, middle, upper, highest = curves
    shade = middle.look.colour
    for (one, other), alpha in (((lowest, highest), 0.18), ((lower, upper), 0.35)):
        x = np.intersect1d(one.x, other.x)  # an infinite value has no place on the axis
        below, above = (edge.mean[np.isin(edge.x, x)] for edge in (one, other))
        axes.fill_between(x, below, above, color=shade, alpha=alpha, linewidth=0)
    axes.plot(middle.x, middle.mean, color=shade)
    for edge in (lowest, highest):
        axes.plot(edge.x, edge.mean, color=shade, linewidth=0.6)
    if len(lowest.x) == len(middle.x) == len(highest.x) == 1:
        axes.plot(middle.x, middle.mean, color=shade, marker="o", markersize=3)
        axes.vlines(middle.x, lowest.mean, highest.mean, color=shade, linewidth=0.6)


def _limit(axes: Axes, curves: Sequence[Series], allowed: Sequence[float]) -> None:
    """An axis of the panel's own: logarithmic where the values span more than a decade."""
    values = np.concatenate([*(series.mean for series in curves), np.asarray(allowed, dtype=np.float64)])
    low, high = (float(values.min()), float(values.max())) if len(values) else (1.0, 1.0)
    if low < high / 10:
        axes.set_yscale("log")
        decades(axes, curves, most=_DECADES)
        plain_decades(axes)
    else:
        room = max(0.08 * (high - low), (_NARROWEST - (high - low)) / 2)
        axes.set_ylim(low - room, high + room)

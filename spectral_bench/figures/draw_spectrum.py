"""The figure of singular values over training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.figures.page import header, header_height, page, panel_height, panel_title
from spectral_bench.figures.series import Series
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.figures.style import (
    BELOW_THE_AXIS,
    LIMIT,
    OF_SEEDS,
    colour,
    decades,
    draw_series,
    leaves_at_the_bottom,
    plain_decades,
)

_PANELS_IN_A_ROW = 5

#: Singular values further below the largest than this are cut off.
_DECADES = 4

#: A linear axis shows at least this: the rounding of an orthogonal matrix is not to fill a panel.
_NARROWEST = 0.02


def draw_spectrum(pictures: SpectrumPictures) -> Figure:
    """Draw the spectral margin of all models on one axis, and the distribution of σ of each."""
    rows = -(-len(pictures.quantiles) // _PANELS_IN_A_ROW)
    labels = [series.label for series in pictures.margin]
    caption = _caption(pictures)
    figure, (top, above, below) = page([header_height(labels, caption), 2.3, panel_height(labels, 1.6) * rows + 0.35])
    axes = _draw_margin(above, pictures)
    _draw_quantiles(below, pictures)
    header(top, [axes], f"{pictures.title}: singular values of the recurrent matrices", caption)
    return figure


def _caption(pictures: SpectrumPictures) -> list[str]:
    first = OF_SEEDS
    if leaves_at_the_bottom(pictures.margin):
        first += f" {BELOW_THE_AXIS}"
    second = "Below: minimum, quartiles, median and maximum; every panel has its own axis."
    if any(allowed is not None for allowed in pictures.allowed):
        second = f"Dotted: what the radius allows. {second}"
    return [first, second]


def _draw_margin(figure: SubFigure, pictures: SpectrumPictures) -> Axes:
    axes: Axes = figure.subplots()
    if not pictures.margin:
        axes.set_axis_off()
        return axes
    draw_series(axes, pictures.margin)
    centre = "1" if pictures.centres <= {1.0} else r"\sigma^*"
    axes.set(yscale="log", xlabel="training step", ylabel=f"spectral margin\nmax $|\\sigma_i - {centre}|$")
    decades(axes, pictures.margin)
    for series, radius in zip(pictures.margin, pictures.radii, strict=True):
        if radius:  # of an orthogonal matrix it is zero, and lies below the axis
            axes.axhline(radius, color=colour(series.style), **LIMIT)
            bottom, top = axes.get_ylim()
            axes.set_ylim(bottom, max(top, 1.5 * radius))
    return axes


def _draw_quantiles(figure: SubFigure, pictures: SpectrumPictures) -> None:
    columns = min(len(pictures.quantiles), _PANELS_IN_A_ROW)
    rows = -(-len(pictures.quantiles) // columns)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, curves, allowed in zip(panels.flat, pictures.quantiles, pictures.allowed, strict=False):
        _draw_distribution(axes, curves)
        for bound in allowed or ():
            axes.axhline(bound, color=colour(curves[0].style), **LIMIT)
        _limit(axes, curves, allowed or ())
        axes.set_title(panel_title(curves[0].label), fontsize=7)
        axes.locator_params(axis="x", nbins=3)
    for axes in panels.flat[len(pictures.quantiles) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("singular values $\\sigma_i$")
    figure.supxlabel("training step", fontsize=8)


def _draw_distribution(axes: Axes, curves: Sequence[Series]) -> None:
    """From the light to the dark: all of them, the middle half, the median; means over runs."""
    lowest, lower, middle, upper, highest = curves
    shade = colour(middle.style)
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

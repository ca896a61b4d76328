"""The figure of singular values over training."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.analysis.plots.style import (
    colour,
    decades,
    draw,
    header,
    header_height,
    page,
    panel_height,
    panel_title,
)
from spectral_bench.analysis.series import Series
from spectral_bench.analysis.spectra import SpectrumPictures

_PANELS_IN_A_ROW = 5

#: Singular values further below the largest than this are cut off.
_DECADES = 4


def draw_spectrum(pictures: SpectrumPictures) -> Figure:
    """Draw the spectral margin of all models on one axis, and the distribution of σ of each."""
    rows = -(-len(pictures.quantiles) // _PANELS_IN_A_ROW)
    labels = [series.label for series in pictures.margin]
    figure, (top, above, below) = page([header_height(labels), 2.3, panel_height(labels, 1.6) * rows + 0.35])
    axes = _draw_margin(above, pictures)
    _draw_quantiles(below, pictures)
    bounded = any(allowed is not None for allowed in pictures.allowed)
    remark = "dotted: what the radius allows" if bounded else ""
    header(top, [axes], f"{pictures.title}: singular values of the recurrent matrices", remark)
    return figure


def _draw_margin(figure: SubFigure, pictures: SpectrumPictures) -> Axes:
    axes: Axes = figure.subplots()
    draw(axes, pictures.margin)
    axes.set(yscale="log", xlabel="training step", ylabel="spectral margin\nmax $|\\sigma_i - 1|$")
    decades(axes, pictures.margin, most=12)
    for series, allowed in zip(pictures.margin, pictures.allowed, strict=True):
        radius = 0.0 if allowed is None else max(abs(bound - 1.0) for bound in allowed)
        if radius > 0.0:
            axes.axhline(radius, color=colour(series.style), linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=1.5)
            bottom, top = axes.get_ylim()
            axes.set_ylim(bottom, max(top, 1.5 * radius))
    return axes


def _draw_quantiles(figure: SubFigure, pictures: SpectrumPictures) -> None:
    columns = min(len(pictures.quantiles), _PANELS_IN_A_ROW)
    rows = -(-len(pictures.quantiles) // columns)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, curves, allowed in zip(panels.flat, pictures.quantiles, pictures.allowed, strict=False):
        _draw_distribution(axes, curves)
        for bound in allowed or ():
            axes.axhline(bound, color=colour(curves[0].style), linewidth=0.9, linestyle=(0, (1, 1.5)))
        axes.set_yscale("log")
        axes.set_title(panel_title(curves[0].label), fontsize=7)
        axes.locator_params(axis="x", nbins=3)
    for axes in panels.flat[len(pictures.quantiles) :]:
        axes.set_visible(False)
    decades(panels[0, 0], [series for curves in pictures.quantiles for series in curves], most=_DECADES)
    for axes in panels[:, 0]:
        axes.set_ylabel("$\\sigma_i$: min, quartiles, max")
    figure.supxlabel("training step", fontsize=8)


def _draw_distribution(axes: Axes, curves: Sequence[Series]) -> None:
    """From the light to the dark: all of them, the middle half, the median; means over runs."""
    lowest, lower, middle, upper, highest = curves
    shade = colour(middle.style)
    axes.fill_between(middle.x, lowest.mean, highest.mean, color=shade, alpha=0.18, linewidth=0)
    axes.fill_between(middle.x, lower.mean, upper.mean, color=shade, alpha=0.35, linewidth=0)
    axes.plot(middle.x, middle.mean, color=shade)
    for edge in (lowest, highest):
        axes.plot(edge.x, edge.mean, color=shade, linewidth=0.6)

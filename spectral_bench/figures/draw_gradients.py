"""The figure of gradient norms: over training, over time at some steps, and over both."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.gradients import Bounds, GradientPictures, Heat
from spectral_bench.figures.page import header, header_height, page, panel_height, panel_title
from spectral_bench.figures.series import Array, Series
from spectral_bench.figures.style import (
    BELOW_THE_AXIS,
    DECADES,
    LIMIT,
    OF_SEEDS,
    colour,
    decades,
    draw_series,
    leaves_at_the_bottom,
)
from spectral_bench.runs.layout import AxisWords

_MAPS_IN_A_ROW = 5

#: The darkest colour of the maps stands for this percentile of all norms, and what is below.
_DARKEST = 1.0


def draw_gradients(pictures: GradientPictures) -> Figure:
    """Draw everything about the gradients of a section."""
    map_rows = -(-len(pictures.maps) // _MAPS_IN_A_ROW)
    labels = [heat.label for heat in pictures.maps]
    caption = _caption(pictures)
    heights = [header_height(labels, caption), 2.0, 2.0, panel_height(labels, 1.5) * map_rows + 0.35]
    figure, (top, above, middle, below) = page(heights)
    ends = _draw_ends(above, pictures)
    _draw_over_time(middle, pictures)
    _draw_maps(below, pictures)
    layer = f", layer {pictures.layer}" if pictures.layer else ""
    header(top, ends, f"{pictures.title}{layer}: norm of $\\partial L/\\partial h_{pictures.words.symbol}$", caption)
    return figure


def _caption(pictures: GradientPictures) -> list[str]:
    first = OF_SEEDS
    over_time = (series for curves in pictures.over_time.values() for series in curves)
    if leaves_at_the_bottom([*pictures.start, *pictures.end, *over_time]):
        first += f" {BELOW_THE_AXIS}"
    bounds = [one for at_step in pictures.envelopes.values() for one in at_step]
    if not bounds:
        return [first]
    return [first, *_about_bounds(bounds, pictures.words)]


def _about_bounds(bounds: Sequence[Bounds], words: AxisWords) -> list[str]:
    """What the dotted lines and the shaded areas are, in lines of a caption."""
    t, last = words.symbol, words.last
    factor = r"(1\pm r)" if all(one.centre == 1.0 for one in bounds) else r"\sigma"
    which = "" if factor.startswith("(") else r", $\sigma$ the smallest and the largest there may be"
    if all(one.binding for one in bounds):
        return [
            f"Dotted, over ${t}$: ${factor}^{{{last}-{t}}}$ times the norm at ${last}$, what the radius allows{which}; "
            "shaded: the same, times what the slopes of the activation allow."
        ]
    return [
        f"Dotted, over ${t}$: ${factor}^k$ times the largest norm of the second half, $k$ steps back from it{which}. "
        "No bound: a loss at every step,",
        "or a layer above, adds gradient on the way.",
    ]


def _draw_ends(figure: SubFigure, pictures: GradientPictures) -> Sequence[Axes]:
    panels: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
    titles = "at $h_0$", f"at $h_{pictures.words.last}$"
    for axes, curves, title in zip(panels, (pictures.start, pictures.end), titles, strict=True):
        draw_series(axes, curves)
        axes.set(yscale="log", xlabel="training step", title=title)
    decades(panels[0], [*pictures.start, *pictures.end])
    panels[0].set_ylabel("gradient norm")
    return panels


def _draw_over_time(figure: SubFigure, pictures: GradientPictures) -> None:
    panels = figure.subplots(1, len(pictures.over_time), sharey=True, squeeze=False)[0]
    everything: list[Series] = []
    for axes, (step, curves) in zip(panels, pictures.over_time.items(), strict=True):
        for bounds in pictures.envelopes[step]:
            _draw_bounds(axes, bounds)
        draw_series(axes, curves)
        everything += curves
        axes.set(yscale="log", xlabel=_position(pictures.words), title=f"step {step:,}")
        if curves:
            last = max(series.x[-1] for series in curves)
            axes.set_xlim(last, 0)
    decades(panels[0], everything)
    panels[0].set_ylabel("gradient norm")


def _draw_bounds(axes: Axes, bounds: Bounds) -> None:
    """A light area for what radius and slopes allow, thin lines for the radius alone."""
    shade = colour(bounds.style)
    axes.fill_between(bounds.t, *bounds.slopes, color=shade, alpha=0.05, linewidth=0, zorder=1)
    for edge in bounds.radius:
        axes.plot(bounds.t, edge, color=shade, **LIMIT)


def _position(words: AxisWords) -> str:
    """The name of an axis along the trace, its symbol as mathematics."""
    return words.position.replace(" t", " $t$")


def _draw_maps(figure: SubFigure, pictures: GradientPictures) -> None:
    maps = pictures.maps
    rows = -(-len(maps) // _MAPS_IN_A_ROW)
    columns = min(len(maps), _MAPS_IN_A_ROW)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    norm = _colours(maps)
    mesh = None
    for axes, heat in zip(panels.flat, maps, strict=False):
        mesh = axes.pcolormesh(
            _edges(heat.steps),
            _edges(heat.t),
            np.maximum(heat.norms, norm.vmin or FLOOR),
            norm=norm,
            cmap="cividis",
            rasterized=True,
        )
        axes.set_title(panel_title(heat.label), fontsize=7)
        axes.grid(visible=False)
        axes.locator_params(axis="x", nbins=3, integer=True)
    for axes in panels.flat[len(maps) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel(_position(pictures.words))
    figure.supxlabel("training step", fontsize=8)
    if mesh is not None:
        figure.colorbar(mesh, ax=panels, label="gradient norm", pad=0.01, fraction=0.03, extend="min")


def _edges(centres: Array) -> Array:
    """Edges halfway between neighbouring points, the outer ones at the first and the last measurement."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    return np.concatenate([centres[:1], (centres[:-1] + centres[1:]) / 2, centres[-1:]])


def _colours(maps: Sequence[Heat]) -> LogNorm:
    """One scale for all maps, which zeros and a few small norms do not stretch."""
    every = np.concatenate([heat.norms[heat.norms > FLOOR] for heat in maps])
    if not len(every):
        return LogNorm(0.1, 1.0)
    top, bottom = float(every.max()), float(np.percentile(every, _DARKEST))
    return LogNorm(max(min(bottom, top / 10), top * 10.0**-DECADES), top)

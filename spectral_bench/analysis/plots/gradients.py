"""The figure of gradient norms: over training, over time at some steps, and over both."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure

from spectral_bench.analysis.gradients import Bounds, GradientPictures, Heat
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

_MAPS_IN_A_ROW = 5

_REMARK = r"dotted: $(1\pm r)^{T-t}$; shaded: with the slopes of the activation"

#: Decades shown by the colours of a map.
_MAP_DECADES = 12


def draw_gradients(pictures: GradientPictures) -> Figure:
    """Draw everything about the gradients of a section."""
    map_rows = -(-len(pictures.maps) // _MAPS_IN_A_ROW)
    labels = [heat.label for heat in pictures.maps]
    heights = [header_height(labels), 2.0, 2.0, panel_height(labels, 1.5) * map_rows + 0.35]
    figure, (top, above, middle, below) = page(heights)
    ends = _draw_ends(above, pictures)
    _draw_over_time(middle, pictures)
    _draw_maps(below, pictures.maps)
    layer = f", layer {pictures.layer}" if pictures.layer else ""
    remark = _REMARK if any(pictures.envelopes.values()) else ""
    header(top, ends, f"{pictures.title}{layer}: norm of $\\partial L/\\partial h_t$", remark)
    return figure


def _draw_ends(figure: SubFigure, pictures: GradientPictures) -> Sequence[Axes]:
    panels: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
    for axes, curves, title in zip(panels, (pictures.start, pictures.end), ("at $h_0$", "at $h_T$"), strict=True):
        draw(axes, curves)
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
        draw(axes, curves)
        everything += curves
        axes.set(yscale="log", xlabel="time step $t$", title=f"step {step:,}")
        if curves:
            last = max(series.x[-1] for series in curves)
            axes.set_xlim(last, 0)
    decades(panels[0], everything)
    panels[0].set_ylabel("gradient norm")


def _draw_bounds(axes: Axes, bounds: Bounds) -> None:
    """A light area for what radius and slopes allow, thin lines for the radius alone."""
    shade = colour(bounds.style)
    axes.fill_between(bounds.t, *bounds.slopes, color=shade, alpha=0.07, linewidth=0, zorder=1)
    for edge in bounds.radius:
        axes.plot(bounds.t, edge, color=shade, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1.5)


def _draw_maps(figure: SubFigure, maps: Sequence[Heat]) -> None:
    rows = -(-len(maps) // _MAPS_IN_A_ROW)
    columns = min(len(maps), _MAPS_IN_A_ROW)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    every = np.concatenate([heat.norms[np.isfinite(heat.norms)] for heat in maps])
    top = float(every.max()) if len(every) else 1.0
    bottom = max(float(every.min()) if len(every) else 1.0, top * 10.0**-_MAP_DECADES)
    norm = LogNorm(bottom if bottom < top else top / 10, top)
    mesh = None
    for axes, heat in zip(panels.flat, maps, strict=False):
        mesh = axes.pcolormesh(
            heat.steps,
            heat.t,
            np.maximum(heat.norms, bottom),
            norm=norm,
            cmap="cividis",
            shading="nearest",
            rasterized=True,
        )
        axes.set_title(panel_title(heat.label), fontsize=7)
        axes.grid(visible=False)
        axes.locator_params(axis="x", nbins=3)
    for axes in panels.flat[len(maps) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("time step $t$")
    figure.supxlabel("training step", fontsize=8)
    if mesh is not None:
        figure.colorbar(mesh, ax=panels, label="gradient norm", pad=0.01, fraction=0.03, extend="min")

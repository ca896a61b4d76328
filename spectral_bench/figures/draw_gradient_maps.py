"""Maps of relative gradient norms over training, in the colours of the verdicts."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import SubFigure

from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, FLOOR, LEVEL_FACTOR
from spectral_bench.figures.gradient_maps import Heat
from spectral_bench.figures.page import TITLE_SIZE, panel_title
from spectral_bench.figures.series import Array
from spectral_bench.figures.sheet import Sheet, Strip
from spectral_bench.runs.layout import AxisWords

#: Inches of the narrowest map, of a row of them (by choice, and at least), and of the axis below all.
_NARROWEST, _HEIGHT, _LEAST, _REST = 1.35, 1.5, 0.9, 0.45

#: Inches of the axis on the left and of the colour bar on the right.
_AROUND = 1.1

#: The scale of colours in the cell that the last row of maps leaves free: beside it are the axes of the others.
_SCALE = (0.1, -0.25, 0.12, 1.4)

#: A colour for each range between these, from dark (vanished) to light, the same in every figure.
_EDGES = (1 / EXTREME_FACTOR, 1e-2, 1e-1, 1 / LEVEL_FACTOR, LEVEL_FACTOR, 1e1, 1e2, EXTREME_FACTOR)
_SHADES = (0.0, 0.22, 0.38, 0.55, 0.72, 0.8, 0.87, 0.93, 1.0)
_NAMES = ("1/1000", "1/100", "1/10", "2/3", "3/2", "10", "100", "1000")


def map_strip(maps: Sequence[Heat], words: AxisWords, sheet: Sheet) -> Strip:
    """The maps, as many side by side as there is room for."""
    columns = sheet.beside(len(maps), _NARROWEST)
    titles = [panel_title(heat.label, (sheet.width - _AROUND) / columns) for heat in maps]
    rows, line = -(-len(maps) // columns), 0.12 * max(title.count("\n") for title in titles)
    return Strip(
        (_HEIGHT + line) * rows + _REST,
        lambda part: _draw_maps(part, maps, titles, words, columns),
        (_LEAST + line) * rows + _REST,
    )


def _draw_maps(
    figure: SubFigure, maps: Sequence[Heat], titles: Sequence[str], words: AxisWords, columns: int
) -> Sequence[Axes]:
    """Draw a map a group, on one scale of colours; nothing for the legend."""
    panels = figure.subplots(-(-len(maps) // columns), columns, sharey=True, squeeze=False)
    norm = BoundaryNorm(_EDGES, len(_EDGES) + 1, extend="both")
    colours = ListedColormap(mpl.colormaps["cividis"](_SHADES))
    mesh: Any = None
    for axes, heat, title in zip(panels.flat, maps, titles, strict=False):
        mesh = axes.pcolormesh(
            _edges(heat.steps), _edges(heat.back), np.maximum(heat.shares, FLOOR), norm=norm, cmap=colours,
            rasterized=True,
        )  # fmt: skip
        axes.set_title(title, fontsize=TITLE_SIZE)
        axes.grid(visible=False)
        _mark_verdicts(axes, heat)
        if len(heat.steps) > 1:
            axes.locator_params(axis="x", nbins=3, integer=True)
        else:
            axes.set_xticks(heat.steps)
    free = [*panels.flat[len(maps) :]]
    for axes in free:
        axes.set_axis_off()
    for axes in panels[:, 0]:
        axes.set_ylabel(f"{words.shorts} back")
    judged = "  (▾ where the verdict is decided)" if any(heat.judged for heat in maps) else ""
    figure.supxlabel(f"training step{judged}", fontsize=8)
    place: Any = {"ax": list(panels.flat), "pad": 0.01, "fraction": 0.04}
    if free:  # the scale fills the hole that the last row would have
        place = {"cax": free[0].inset_axes(_SCALE)}
    bar = figure.colorbar(mesh, ticks=_EDGES, spacing="uniform", **place)
    bar.ax.set_yticklabels(_NAMES, fontsize=6.5)
    bar.set_label("what arrives", fontsize=7)
    return []


def _mark_verdicts(axes: Axes, heat: Heat) -> None:
    """A mark above every step that a verdict is on, and a line where a gradient has vanished."""
    if heat.judged:  # a line of no points has no extent, and the layout would collapse
        axes.plot(
            heat.judged, [1.03] * len(heat.judged), transform=axes.get_xaxis_transform(), clip_on=False, marker="v",
            color=mpl.rcParams["text.color"], markersize=3, linestyle="", scalex=False,
        )  # fmt: skip
    shares = np.maximum(heat.shares, FLOOR)
    if min(shares.shape) > 1 and np.nanmin(shares) < 1 / EXTREME_FACTOR < np.nanmax(shares):
        axes.contour(
            heat.steps,
            heat.back,
            np.log(shares),
            [-np.log(EXTREME_FACTOR)],
            colors="white",
            linewidths=0.7,
            linestyles="-",
        )


def _edges(centres: Array) -> Array:
    """Edges halfway between neighbouring points, the outer ones at the first and the last measurement."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    return np.concatenate([centres[:1], (centres[:-1] + centres[1:]) / 2, centres[-1:]])

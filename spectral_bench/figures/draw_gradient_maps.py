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
from spectral_bench.figures.page import panel_title
from spectral_bench.figures.series import Array
from spectral_bench.figures.sheet import Sheet
from spectral_bench.runs.layout import AxisWords

#: Inches of the narrowest map.
_NARROWEST = 1.35

#: A colour for each range between these, from dark (vanished) to light, the same in every figure.
_EDGES = (1 / EXTREME_FACTOR, 1e-2, 1e-1, 1 / LEVEL_FACTOR, LEVEL_FACTOR, 1e1, 1e2, EXTREME_FACTOR)
_SHADES = (0.0, 0.22, 0.38, 0.55, 0.72, 0.8, 0.87, 0.93, 1.0)
_NAMES = ("1/1000", "1/100", "1/10", "2/3", "3/2", "10", "100", "1000")


def maps_height(maps: Sequence[Heat], sheet: Sheet) -> float:
    """Inches that the maps need."""
    columns = sheet.beside(len(maps), _NARROWEST)
    lines = max(panel_title(heat.label, sheet.width / columns).count("\n") for heat in maps)
    return (1.5 + 0.13 * lines) * -(-len(maps) // columns) + 0.45


def draw_maps(figure: SubFigure, maps: Sequence[Heat], words: AxisWords, sheet: Sheet) -> Sequence[Axes]:
    """Draw a map a group, on one scale of colours; nothing for the legend."""
    columns = sheet.beside(len(maps), _NARROWEST)
    panels = figure.subplots(-(-len(maps) // columns), columns, sharey=True, squeeze=False)
    norm = BoundaryNorm(_EDGES, len(_EDGES) + 1, extend="both")
    colours = ListedColormap(mpl.colormaps["cividis"](_SHADES))
    mesh: Any = None
    for axes, heat in zip(panels.flat, maps, strict=False):
        mesh = axes.pcolormesh(
            _edges(heat.steps), _edges(heat.back), np.maximum(heat.shares, FLOOR), norm=norm, cmap=colours,
            rasterized=True,
        )  # fmt: skip
        axes.set_title(panel_title(heat.label, sheet.width / columns), fontsize=7)
        axes.grid(visible=False)
        _mark_verdicts(axes, heat)
        axes.locator_params(axis="x", nbins=3, integer=True)
    for axes in panels.flat[len(maps) :]:
        axes.remove()
    unit = words.unit.rpartition(" ")[2]
    for axes in panels[:, 0]:
        axes.set_ylabel(f"{unit}s back")
    judged = "  (▾ where the verdict is decided)" if any(heat.judged for heat in maps) else ""
    figure.supxlabel(f"training step{judged}", fontsize=8)
    bar = figure.colorbar(
        mesh, ax=list(panels.flat[: len(maps)]), pad=0.01, fraction=0.04, ticks=_EDGES, spacing="uniform"
    )
    bar.ax.set_yticklabels(_NAMES, fontsize=6.5)
    bar.set_label("what arrives", fontsize=7)
    return []


def _mark_verdicts(axes: Axes, heat: Heat) -> None:
    """A mark above every step that a verdict is on, and a line where a gradient has vanished."""
    if heat.judged:  # a line of no points has no extent, and the layout would collapse
        axes.plot(
            heat.judged, [1.03] * len(heat.judged), transform=axes.get_xaxis_transform(), clip_on=False, marker="v",
            color="black", markersize=3, linestyle="", scalex=False,
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

"""The figure of a phase diagram: a cell a setting, in it a stripe a run."""

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.phase_maps import PhaseCell, PhasePictures
from spectral_bench.figures.plotted_runs import PHASES, Phase
from spectral_bench.figures.samples import about_pools
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.words import key_in_words

#: From light to dark, and hatched on the ground where it is no point on that way: told apart in grey, too.
_FACES: dict[Phase, dict[str, Any]] = {
    "solved": {"facecolor": "#FDE725"},
    "better than baseline": {"facecolor": "#35B779"},
    "at baseline": {"facecolor": "#31688E"},
    "diverged": {"hatch": "////"},
}

#: Inches of the narrowest panel, of a row of cells, and of the rest of a panel.
_NARROWEST, _ROW, _REST = 2.4, 0.28, 0.9
_LEAST_ROW, _LEAST_REST = 0.14, 0.7

#: Length of a patch in the legend, in the size of its font.
_HANDLE = 2.4

#: The name of the line that parts what a gradient can survive from what it cannot.
_LINE = "$r\\,T = 1$"


def draw_phase_map(pictures: PhasePictures, sheet: Sheet) -> Figure:
    """Draw how runs came out, or a metric, over two keys."""
    panels = {title: cells for title, cells in pictures.panels.items() if not title or sheet.has(title)}
    scale = _scale(pictures)

    def strips(layout: Sheet) -> list[Strip]:
        columns = layout.beside(len(panels), _NARROWEST)
        rows = -(-len(panels) // columns)

        def draw(part: SubFigure) -> Sequence[Axes]:
            drawn = list(part.subplots(rows, columns, sharey=True, squeeze=False).flat)
            for axes in drawn[len(panels) :]:
                axes.remove()
            shown = drawn[: len(panels)]
            for axes, (title, cells) in zip(shown, panels.items(), strict=True):
                _draw_panel(axes, title, cells, pictures, scale)
            for axes in shown[::columns]:
                axes.set_ylabel(key_in_words(pictures.keys.y, pictures.metric))
            if scale is not None:
                part.colorbar(scale, ax=shown, pad=0.02, fraction=0.05, label=_hue(pictures))
            return shown

        count = len(pictures.y_axis.places)
        return [Strip(max(1.9, _ROW * count + _REST) * rows, draw, max(1.2, _LEAST_ROW * count + _LEAST_REST) * rows)]

    x, y = (key_in_words(key, pictures.metric) for key in (pictures.keys.x, pictures.keys.y))
    words = "how runs came out" if pictures.keys.hue is None else _hue(pictures)
    many = _runs_a_cell(panels.values())
    caption = f"A stripe is a run, {many} a cell." if scale is None else f"Means over {many}."
    if scale is not None and any(cell.without for cells in panels.values() for cell in cells):
        caption += " × k/n: so many did worse than any number."
    if pictures.line:
        caption += f" {_LINE}: up to there $(1 + r)^T$, by which a gradient can grow, is at most e."
    labels = [*(PHASES if scale is None else ()), *([_LINE] if pictures.line else ())]
    return figure_of_strips(
        sheet, f"{pictures.title}: {words}, over {x} and {y}", [caption], {label: label for label in labels}, strips,
        handle=_HANDLE, notes=about_pools(pictures.pooled),
    )  # fmt: skip


def _runs_a_cell(panels: Iterable[Sequence[PhaseCell]]) -> str:
    """``3 runs``, ``1 to 3 runs``."""
    counts = sorted({len(cell.outcomes) for cells in panels for cell in cells})
    if len(counts) < 2:
        return f"{counts[0] if counts else 0} run{'s' * (counts != [1])}"
    return f"{counts[0]} to {counts[-1]} runs"


def _hue(pictures: PhasePictures) -> str:
    return key_in_words(pictures.keys.hue or "", pictures.metric)


def _scale(pictures: PhasePictures) -> ScalarMappable | None:
    """The colours of a metric; None where outcomes are shown."""
    means = [cell.mean for cells in pictures.panels.values() for cell in cells if cell.mean is not None]
    if pictures.keys.hue is None or not means:
        return None
    norm = (LogNorm if pictures.logarithmic else Normalize)(min(means), max(means))
    return ScalarMappable(norm, mpl.colormaps["cividis"])


def _look(**face: Any) -> dict[str, Any]:
    """Of a cell or stripe: its edge, and its ground where it has no colour of its own, are those of the style."""
    own = {"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": mpl.rcParams["text.color"], "linewidth": 0.4}
    return {**own, **face}


def _draw_panel(
    axes: Axes, title: str, cells: Sequence[PhaseCell], pictures: PhasePictures, scale: ScalarMappable | None
) -> None:
    """Cells of equal size, in the order of the values: their distances are written, not drawn."""
    counted = len({len(cell.outcomes) for several in pictures.panels.values() for cell in several}) > 1
    across, up = ({text: at for at, text in enumerate(one.places)} for one in (pictures.x_axis, pictures.y_axis))
    for cell in cells:
        left, bottom = across[as_typed(cell.x)] - 0.46, up[as_typed(cell.y)] - 0.44
        if scale is None:
            width = 0.92 / len(cell.outcomes)
            for at, outcome in enumerate(cell.outcomes):
                axes.add_patch(Rectangle((left + at * width, bottom), width, 0.88, **_look(**_FACES[outcome])))
            continue
        look = _FACES["diverged"]
        if cell.mean is not None:
            look = {"facecolor": scale.cmap(scale.norm(np.array([cell.mean])))[0]}
        axes.add_patch(Rectangle((left, bottom), 0.92, 0.88, **_look(**look)))
        words = f"× {cell.without}/{len(cell.outcomes)}" if cell.without else f"n = {len(cell.outcomes)}" * counted
        if words:
            axes.text(
                left + 0.46, bottom + 0.44, words, ha="center", va="center",
                fontsize=6.5, bbox={"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip
    if scale is None:
        for phase in PHASES:
            axes.add_patch(Rectangle((0, 0), 0, 0, label=phase, **_look(**_FACES[phase])))
    axes.set_xticks(range(len(across)), [pictures.x_axis.labels[text] for text in across])
    axes.set_yticks(range(len(up)), [pictures.y_axis.labels[text] for text in up])
    axes.set(xlim=(-0.6, len(across) - 0.4), ylim=(-0.6, len(up) - 0.4), xlabel=key_in_words(pictures.keys.x))
    axes.grid(visible=False)
    if pictures.line:
        around = [Stroke(linewidth=3.0, foreground=mpl.rcParams["axes.facecolor"]), Normal()]
        axes.plot(
            *zip(*pictures.line, strict=True), color=mpl.rcParams["text.color"], linewidth=1.3,
            linestyle=(0, (4, 1.5)), label=_LINE, path_effects=around, solid_capstyle="butt",
        )  # fmt: skip
    axes.set_title(title)

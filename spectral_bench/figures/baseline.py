"""What a memoryless predictor scores, beside measurements: a line near them, a number at the edge where it is far."""

from collections.abc import Collection

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from spectral_bench.diagnostics.gradient_decay import FLOOR
from spectral_bench.figures.axis_limits import Limits, lengthened
from spectral_bench.figures.series import Array
from spectral_bench.figures.style import FAR, LIMIT

#: Share of an axis that is kept free for the number.
_ROOM = 0.09


def baseline_is_near(level: float, values: Array, *, logarithmic: bool) -> bool:
    """Whether an axis that shows the level would not flatten what was measured.

    Args:
        level: of the baseline.
        values: all that is drawn, shape (N,).
        logarithmic: the axis.
    """
    shown = values[np.isfinite(values) & ((values > FLOOR) | (not logarithmic))]
    if not len(shown) or (logarithmic and level <= 0):
        return False
    low, high, height = (float(np.log10(one) if logarithmic else one) for one in (shown.min(), shown.max(), level))
    room = FAR * ((high - low) or 0.1 * max(abs(high), 1.0))
    return low - room <= height <= high + room


def draw_baseline(axes: Axes, level: float, *, near: bool) -> None:
    """A dotted line, or an arrow to where it would lie."""
    if near:
        axes.axhline(level, color=mpl.rcParams["text.color"], **LIMIT)
        return
    below = level < min(axes.get_ylim())
    axes.text(
        0.98, 0.03 if below else 0.97, f"baseline {'↓' if below else '↑'} {level:.3g}", transform=axes.transAxes,
        ha="right", va="bottom" if below else "top", fontsize=7,
    )  # fmt: skip


def limits_with_room_for_baseline(limits: Limits, level: float, *, logarithmic: bool) -> Limits:
    """Lengthen an axis where the number of a level that is far off will stand."""
    below = level < min(limits)
    return lengthened(limits, _ROOM * below, _ROOM * (not below), logarithmic=logarithmic)


def about_baselines(near: Collection[bool]) -> list[str]:
    """The sentence of a caption, for levels that are near or not; none where there is no level."""
    if not near:
        return []
    drawn = "Dotted" if all(near) else "Baseline (dotted or, if far off, at the edge)" if any(near) else "Baseline"
    return [f"{drawn}: what a memoryless predictor scores."]

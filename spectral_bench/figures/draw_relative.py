"""The panel that answers whether gradients vanish: the relative norm against the steps back."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, LEVEL_FACTOR
from spectral_bench.figures.relative_gradients import Bounds, Moment
from spectral_bench.figures.style import LIMIT, draw_series, edges, within_decades
from spectral_bench.runs.layout import AxisWords


def draw_relative(figure: SubFigure, moment: Moment, words: AxisWords) -> Sequence[Axes]:
    """Draw what arrives after so many steps back, the verdicts' thresholds and the envelopes."""
    axes: Axes = figure.subplots()
    axes.set(yscale="log", title=moment.title)
    for bounds in moment.bounds:
        _draw_bounds(axes, bounds)
    draw_series(axes, moment.curves)
    t, last, h, loss = words.symbol, words.last, words.state, words.loss
    axes.set_xlabel(f"{words.shorts} back from ${last}$:  ${last}-{t}$")
    axes.set_ylabel(f"$\\|\\partial {loss}/\\partial {h}_{t}\\|\\;/\\;\\|\\partial {loss}/\\partial {h}_{last}\\|$")
    axes.set_xlim(0, max((series.x[-1] for series in moment.curves), default=1.0))
    _limit(axes, moment)
    _draw_thresholds(axes)
    return [axes]


def _limit(axes: Axes, moment: Moment) -> None:
    """What the curves need, and always the thresholds below which a gradient has vanished."""
    low, high = within_decades(edges(moment.curves)) or (1.0, 1.0)
    axes.set_ylim(min(low / 1.6, 0.2 / EXTREME_FACTOR), max(high * 1.6, 3 * LEVEL_FACTOR))


def _draw_thresholds(axes: Axes) -> None:
    low, high = axes.get_ylim()
    axes.axhspan(low, 1 / EXTREME_FACTOR, color="#888888", alpha=0.16, linewidth=0, zorder=0)
    axes.axhspan(1 / LEVEL_FACTOR, LEVEL_FACTOR, color="#888888", alpha=0.16, linewidth=0, zorder=0)
    words = [("fading", np.sqrt(1 / EXTREME_FACTOR / LEVEL_FACTOR)), ("vanishing", np.sqrt(low / EXTREME_FACTOR))]
    words.append(("level", 1.0))
    if high > 4 * LEVEL_FACTOR:
        words.append(("growing", np.sqrt(LEVEL_FACTOR * min(high, EXTREME_FACTOR))))
    if high > EXTREME_FACTOR:
        axes.axhspan(EXTREME_FACTOR, high, color="#888888", alpha=0.16, linewidth=0, zorder=0)
        words.append(("exploding", np.sqrt(EXTREME_FACTOR * high)))
    beside = axes.get_yaxis_transform()
    for word, height in words:
        axes.text(1.01, height, word, transform=beside, alpha=0.7, fontsize=7, va="center", clip_on=False)


def _draw_bounds(axes: Axes, bounds: Bounds) -> None:
    """A light area for what radius and slopes allow, thin lines for the radius alone."""
    shade = bounds.look.colour
    axes.fill_between(bounds.back, *bounds.slopes, color=shade, alpha=0.05, linewidth=0, zorder=1)
    for edge in bounds.radius:
        axes.plot(bounds.back, edge, color=shade, **LIMIT)

"""Curves drawn with characters, for a terminal at the other end of a connection."""

from collections.abc import Sequence

import numpy as np
import plotext

from spectral_bench.analysis.series import Series

#: plotext's names for colours near those of the figures.
_COLOURS = ("blue+", "orange+", "green+", "magenta+", "cyan+", "yellow", "default")

_MARKERS = ("hd", "x", "o", "+", "*", "#", "%")


def text_plot(title: str, curves: Sequence[Series], width: int, *, colour: bool, logarithmic: bool) -> str:
    """Draw curves as text.

    Args:
        title: above them.
        curves: without bands, which characters cannot show.
        width: characters.
        colour: whether the terminal shows colours; without, curves are told apart by their markers.
        logarithmic: the y axis.
    """
    plotext.clear_figure()
    plotext.plot_size(width, 22)
    plotext.title(title)
    plotext.xlabel("step")
    for series in curves:
        shown = series.mean > 0 if logarithmic else np.isfinite(series.mean)
        y = np.log10(series.mean[shown]) if logarithmic else series.mean[shown]
        marker = _MARKERS[0] if colour else _MARKERS[1 + series.style % (len(_MARKERS) - 1)]
        plotext.plot(series.x[shown].tolist(), y.tolist(), label=series.label, marker=marker)
    plotext.ylabel("log10" if logarithmic else "")
    text: str = plotext.build()
    return text if colour else str(plotext.uncolorize(text))

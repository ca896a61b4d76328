"""The figure of loss and metric over training."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectral_bench.figures.learning import LearningPictures
from spectral_bench.figures.page import header, header_height, page
from spectral_bench.figures.style import FAR, LIMIT, draw_series, plain_decades

_LINES = "Lines: arithmetic means over seeds, as in `compare`; bands: from the smallest to the largest."


def draw_learning(pictures: LearningPictures) -> Figure:
    """Draw loss and metric side by side, each with its baseline."""
    labels = {series.label: None for quantity in pictures.quantities for series in quantity.curves}
    caption = [_LINES]
    if any(quantity.baseline is not None for quantity in pictures.quantities):
        caption.append("Dotted: what a memoryless predictor scores.")
    figure, (top, below) = page([header_height(list(labels), caption), 2.6])
    panels = below.subplots(1, len(pictures.quantities), squeeze=False)[0]
    for axes, quantity in zip(panels, pictures.quantities, strict=True):
        draw_series(axes, quantity.curves)
        axes.set(xlabel="training step", ylabel=f"{pictures.split} {quantity.name}")
        if quantity.logarithmic:
            axes.set_yscale("log")
            plain_decades(axes)
        if quantity.baseline is not None:
            _draw_baseline(axes, quantity.baseline)
    names = " and ".join(quantity.name for quantity in pictures.quantities)
    header(top, list(panels), f"{pictures.title}: {names} on {pictures.split} data", caption)
    return figure


def _draw_baseline(axes: Axes, baseline: float) -> None:
    """A line, or an arrow to where it would lie."""
    scale = axes.transScale
    low, high = (float(scale.transform((1.0, edge))[1]) for edge in axes.get_ylim())
    height = float(scale.transform((1.0, baseline))[1])
    if low - FAR * (high - low) <= height <= high + FAR * (high - low):
        axes.axhline(baseline, color="black", **LIMIT)
        return
    below = height < low
    axes.text(
        0.98, 0.03 if below else 0.97, f"baseline {'↓' if below else '↑'} {baseline:.3g}", transform=axes.transAxes,
        ha="right", va="bottom" if below else "top", fontsize=7,
    )  # fmt: skip

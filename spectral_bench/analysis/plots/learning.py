"""The figure of loss and metric over training."""

from matplotlib.figure import Figure

from spectral_bench.analysis.learning import LearningPictures
from spectral_bench.analysis.plots.style import draw, header, header_height, page


def draw_learning(pictures: LearningPictures) -> Figure:
    """Draw loss and metric side by side, each with its baseline."""
    labels = {series.label: None for quantity in pictures.quantities for series in quantity.curves}
    figure, (top, below) = page([header_height(list(labels)), 2.6])
    panels = below.subplots(1, len(pictures.quantities), squeeze=False)[0]
    baseline = False
    for axes, quantity in zip(panels, pictures.quantities, strict=True):
        draw(axes, quantity.curves)
        axes.set(xlabel="training step", ylabel=f"{pictures.split} {quantity.name}")
        if quantity.logarithmic:
            axes.set_yscale("log")
        if quantity.baseline is not None:
            baseline = True
            axes.axhline(quantity.baseline, color="black", linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=1.5)
    remark = "dotted: memoryless baseline" if baseline else ""
    header(top, list(panels), f"{pictures.title}: {pictures.split}", remark)
    return figure

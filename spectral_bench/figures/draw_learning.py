"""The figure of loss and metric over training."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from spectral_bench.figures.baseline import (
    about_baselines,
    baseline_is_near,
    draw_baseline,
    limits_with_room_for_baseline,
)
from spectral_bench.figures.learning import LearningPictures, Quantity
from spectral_bench.figures.samples import about_pools, about_samples, names_with_counts
from spectral_bench.figures.sheet import Sheet, Strip, figure_of_strips
from spectral_bench.figures.style import (
    draw_series,
    edges,
    measured_once,
    plain_decades,
    say_the_only_point,
)
from spectral_bench.runs.field_words import metric_in_words
from spectral_bench.runs.setting_words import settings_in_words

#: Inches of the narrowest panel, and of a row of them: by choice, and at least.
_NARROWEST, _HEIGHT, _LEAST = 2.2, 2.5, 1.5

#: Inches of a line where everything was measured once.
_ONCE = 0.2


def draw_learning(pictures: LearningPictures, sheet: Sheet) -> Figure:
    """Draw loss and metric side by side, each with its baseline."""
    # Where the metric is the loss there is one panel, whatever it was asked for as.
    shown = [one for one in pictures.quantities if sheet.has(one.panel)] or pictures.quantities
    curves = [series for quantity in shown for series in quantity.curves]
    caption = about_samples(curves, "arithmetic", pictures.pooled)
    once = all(measured_once(quantity.curves) for quantity in shown)
    caption += about_baselines([_is_near(one) for one in shown if _has_baseline(one)])
    caption += [*pictures.unnamed, *pictures.standings]

    def strips(layout: Sheet) -> list[Strip]:
        columns = layout.beside(len(shown), _NARROWEST)
        rows = -(-len(shown) // columns)

        def draw(part: SubFigure) -> Sequence[Axes]:
            panels = list(part.subplots(rows, columns, squeeze=False).flat)
            for axes, quantity in zip(panels, shown, strict=True):
                _draw_quantity(axes, quantity, pictures.split)
            return panels

        size = _ONCE * (2 + max(len(quantity.curves) for quantity in shown))
        return [Strip((size if once else _HEIGHT) * rows, draw, (size if once else _LEAST) * rows)]

    names = " and ".join(metric_in_words(quantity.name) for quantity in shown)
    title = f"{settings_in_words(pictures.title)}: {names} on {pictures.split} data"
    return figure_of_strips(
        sheet, title, [" ".join(caption)], names_with_counts(curves), strips, notes=about_pools(pictures.pooled)
    )


def _draw_quantity(axes: Axes, quantity: Quantity, split: str) -> None:
    name = f"{split} {metric_in_words(quantity.name)}"
    axes.set(xlabel="training step", ylabel=f"{name} (log)" if quantity.logarithmic else name)
    if say_the_only_point(axes, quantity.curves):
        axes.set_title(name)
        return
    if quantity.logarithmic:
        axes.set_yscale("log")
    draw_series(axes, quantity.curves, over_training=True)
    if quantity.logarithmic:
        plain_decades(axes)
    if quantity.baseline is not None:
        near = _is_near(quantity)
        if not near:
            limits = axes.get_ylim()
            axes.set_ylim(limits_with_room_for_baseline(limits, quantity.baseline, logarithmic=quantity.logarithmic))
        draw_baseline(axes, quantity.baseline, near=near)


def _has_baseline(quantity: Quantity) -> bool:
    return quantity.baseline is not None and not measured_once(quantity.curves)


def _is_near(quantity: Quantity) -> bool:
    level = quantity.baseline
    return level is not None and baseline_is_near(level, edges(quantity.curves), logarithmic=quantity.logarithmic)

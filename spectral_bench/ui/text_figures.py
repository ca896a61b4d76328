"""The figures of ``grads``, ``spectrum`` and ``curves`` as plots in characters."""

import numpy as np

from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, LEVEL_FACTOR
from spectral_bench.figures.gradients import GradientPictures
from spectral_bench.figures.learning import LearningPictures
from spectral_bench.figures.relative_gradients import Bounds
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.runs.field_words import metric_in_words
from spectral_bench.runs.setting_words import settings_in_words
from spectral_bench.ui.text_plot import Limit, TextPlot


def learning_in_characters(picture: LearningPictures, sheet: Sheet) -> list[TextPlot]:
    """Every quantity, with its baseline."""
    plots = []
    for quantity in [one for one in picture.quantities if sheet.has(one.panel)] or picture.quantities:
        baseline = quantity.baseline
        limits = [] if baseline is None else [Limit(f"baseline {baseline:.4g}", None, np.array([baseline]))]
        title = f"{picture.split} {metric_in_words(quantity.name)} ({settings_in_words(picture.title)})"
        plots.append(TextPlot(title, "training step", quantity.curves, quantity.logarithmic, limits))
    return plots


def gradients_in_characters(picture: GradientPictures, sheet: Sheet) -> list[TextPlot]:
    """What arrives at every moment, and the norm at both ends over training."""
    words = picture.words
    of = settings_in_words(picture.title) + (f", layer {picture.layer}" if picture.layer else "")
    thresholds = [
        Limit(f"vanishing below 1/{EXTREME_FACTOR:.0f}", None, np.array([1 / EXTREME_FACTOR])),
        Limit(f"level within a factor of {LEVEL_FACTOR:g}", None, np.array([1 / LEVEL_FACTOR])),
    ]
    plots = []
    for moment in picture.moments if sheet.has("relative") else ():
        bounds = [
            Limit(f"{one.label}: {_about(one)}", one.look.colour, edge, one.back)
            for one in moment.bounds
            for edge in one.radius
        ]
        title = f"gradient norm relative to {words.state}_{words.last} {moment.title} ({of})"
        back = f"{words.shorts} back from {words.last}"
        plots.append(TextPlot(title, back, moment.curves, True, [*bounds, *thresholds]))
    for place, curves in (("0", picture.start), (words.last, picture.end)) if sheet.has("norms") else ():
        plots.append(
            TextPlot(
                f"gradient norm at {words.state}_{place} over training steps ({of})", "training step", curves, True
            )
        )
    return plots


def _about(bounds: Bounds) -> str:
    if bounds.binding:
        return "what the radius allows"
    return f"{'(1±r)' if bounds.centre == 1.0 else 'σ'}^k, here no bound"


def spectrum_in_characters(picture: SpectrumPictures, sheet: Sheet) -> list[TextPlot]:
    """The margin of all models, with the radius each promises to keep to."""
    limits = [
        Limit(f"{series.label}: radius {radius:g}", series.look.colour, np.array([radius]))
        for series, radius in zip(picture.margin, picture.radii, strict=True)
        if radius
    ]
    what = "" if set(picture.centres) <= {1.0} else ": largest |σ - σ*|"
    title = f"spectral margin{what} ({settings_in_words(picture.title)})"
    if not picture.margin or not sheet.has("margin"):
        return []
    return [TextPlot(title, "training step", picture.margin, True, limits)]

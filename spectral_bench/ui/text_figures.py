"""The figures of ``grads``, ``spectrum`` and ``curves`` as plots in characters."""

import numpy as np

from spectral_bench.figures.gradients import Bounds, GradientPictures
from spectral_bench.figures.learning import LearningPictures
from spectral_bench.figures.spectra import SpectrumPictures
from spectral_bench.ui.text_plot import Limit, TextPlot


def learning_in_characters(picture: LearningPictures) -> list[TextPlot]:
    """Every quantity, with its baseline."""
    plots = []
    for quantity in picture.quantities:
        baseline = quantity.baseline
        limits = [] if baseline is None else [Limit(f"baseline {baseline:.4g}", None, np.array([baseline]))]
        title = f"{picture.split} {quantity.name} ({picture.title})"
        plots.append(TextPlot(title, "training step", quantity.curves, quantity.logarithmic, limits))
    return plots


def gradients_in_characters(picture: GradientPictures, *, every_step: bool) -> list[TextPlot]:
    """The norm at both ends over training, and over time at the last step or at all that were chosen."""
    words = picture.words
    of = picture.title + (f", layer {picture.layer}" if picture.layer else "")
    plots = [
        TextPlot(f"gradient norm at {state} over training steps ({of})", "training step", curves, True)
        for state, curves in (("h_0", picture.start), (f"h_{words.last}", picture.end))
    ]
    for step in list(picture.over_time)[0 if every_step else -1 :]:
        curves = picture.over_time[step]
        names = {series.style: series.label for series in curves}
        limits = [
            Limit(
                f"{names[bounds.style]}: {_about(bounds)}",
                bounds.style,
                edge,
                bounds.t,
            )
            for bounds in picture.envelopes[step]
            for edge in bounds.radius
        ]
        title = f"gradient norm over {words.span} at step {step:,} ({of})"
        plots.append(TextPlot(title, words.position, curves, True, limits, backwards=True))
    return plots


def _about(bounds: Bounds) -> str:
    if bounds.binding:
        return "what the radius allows"
    return f"{'(1±r)' if bounds.centre == 1.0 else 'σ'}^k, here no bound"


def spectrum_in_characters(picture: SpectrumPictures) -> list[TextPlot]:
    """The margin of all models, with the radius each promises to keep to."""
    limits = [
        Limit(f"{series.label}: radius {radius:g}", series.style, np.array([radius]))
        for series, radius in zip(picture.margin, picture.radii, strict=True)
        if radius
    ]
    what = "" if picture.centres <= {1.0} else ": largest |σ - σ*|"
    title = f"spectral margin{what} ({picture.title})"
    if not picture.margin:
        return []
    return [TextPlot(title, "training step", picture.margin, True, limits)]

"""``spectral-bench spectrum``: what the singular values did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectral_bench.cli.pictures import Data, Picture, Show
from spectral_bench.cli.reading import Paths, PlainForm, Where
from spectral_bench.cli.traces import Kind, show_traces

if TYPE_CHECKING:
    from spectral_bench.analysis.plots.terminal import TextPlot
    from spectral_bench.analysis.spectra import SpectrumPictures


def spectrum(
    paths: Paths = None,
    *,
    where: Where = None,
    form: PlainForm = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
) -> None:
    """Show the singular values of the recurrent matrices over training, and how far they are from 1.

    The table is of the last traced step.
    """
    from spectral_bench.analysis.plots.spectrum import draw_spectrum
    from spectral_bench.analysis.spectra import spectrum_pictures, spectrum_table, traced_spectra

    kind = Kind(
        "spectrum",
        "singular values",
        traced_spectra,
        spectrum_table,
        spectrum_pictures,
        draw_spectrum,
        _in_characters,
    )
    show_traces(kind, paths, where, form=form, output=output, show=show, data=data)


def _in_characters(picture: SpectrumPictures) -> list[TextPlot]:
    """The margin of all models, with the radius each promises to keep to."""
    import numpy as np

    from spectral_bench.analysis.plots.spectrum import largest_margin
    from spectral_bench.analysis.plots.terminal import Limit, TextPlot

    limits = [
        Limit(f"{series.label}: radius {radius:g}", series.style, np.array([radius]))
        for series, allowed in zip(picture.margin, picture.allowed, strict=True)
        if (radius := largest_margin(allowed)) > 0
    ]
    title = f"spectral margin ({picture.title})"
    return [TextPlot(title, "training step", picture.margin, True, limits)]

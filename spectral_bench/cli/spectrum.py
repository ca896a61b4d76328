"""``spectral-bench spectrum``: what the singular values did."""

from __future__ import annotations

from spectral_bench.cli.pictures import Data, Picture, Show
from spectral_bench.cli.reading import Paths, PlainForm, Where
from spectral_bench.cli.traces import Kind, show_traces


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
        lambda picture: [(f"spectral margin ({picture.title})", picture.margin, True)],
    )
    show_traces(kind, paths, where, form=form, output=output, show=show, data=data)

"""``spectral-bench spectrum``: singular values over training."""

from __future__ import annotations

from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Data, Format, Paths, Picture, Show, TableFormatOption, Where, read_runs


def spectrum(
    paths: Paths = None,
    *,
    where: Where = None,
    form: TableFormatOption = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
    _plugins: Plugins = None,
) -> None:
    """Show the singular values of the recurrent matrices over training, and how far they are from 1.

    The table is of the last traced step.
    """
    from spectral_bench.figures.draw_spectrum import draw_spectrum
    from spectral_bench.figures.spectra import spectrum_pictures, traced_spectra
    from spectral_bench.report.spectrum_table import spectrum_table
    from spectral_bench.ui.pictures import check_picture
    from spectral_bench.ui.text_figures import spectrum_in_characters
    from spectral_bench.ui.trace_report import TraceKind, show_traces

    kind = TraceKind(
        "spectrum",
        "singular values",
        traced_spectra,
        spectrum_table,
        spectrum_pictures,
        draw_spectrum,
        spectrum_in_characters,
    )
    check_picture("-o", output)
    show_traces(kind, read_runs(paths, where), form=form or Format.table, output=output, show=show, data=data)

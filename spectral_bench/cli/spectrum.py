"""``spectral-bench spectrum``: singular values over training."""

from __future__ import annotations

from spectral_bench.cli.figure_options import (
    DEFAULT_WIDTH,
    By,
    Label,
    NoTitle,
    Order,
    Output,
    Panels,
    Style,
    Width,
    naming_of,
    sheet_of,
)
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Best, Data, Format, Paths, Show, TableFormatOption, Where, read_runs


def spectrum(
    paths: Paths = None,
    *,
    where: Where = None,
    best: Best = None,
    by: By = None,
    form: TableFormatOption = None,
    output: Output = None,
    width: Width = DEFAULT_WIDTH,
    panels: Panels = None,
    order: Order = None,
    label: Label = None,
    no_title: NoTitle = False,
    style: Style = None,
    show: Show = False,
    data: Data = None,
    _plugins: Plugins = None,
) -> None:
    """Show the singular values of the recurrent matrices over training, and how far they are from 1.

    The table is of the last traced step.
    """
    from spectral_bench.figures.draw_spectrum import draw_spectrum
    from spectral_bench.figures.spectra import SPECTRUM_PANELS, spectrum_pictures, traced_spectra
    from spectral_bench.report.spectrum_table import spectrum_table
    from spectral_bench.ui.pictures import Wanted, check_pictures
    from spectral_bench.ui.text_figures import spectrum_in_characters
    from spectral_bench.ui.trace_report import TraceKind, show_traces

    kind = TraceKind(
        "spectrum",
        "singular values",
        traced_spectra,
        lambda section, groups: [spectrum_table(section, groups)],
        spectrum_pictures,
        draw_spectrum,
        spectrum_in_characters,
    )
    check_pictures("-o", output)
    wanted = Wanted(sheet_of(width, panels, SPECTRUM_PANELS, no_title=no_title), output, show, data, style)
    naming = naming_of(order, label)
    show_traces(kind, read_runs(paths, where, best), naming, wanted, form=form or Format.table, by=by or [])

"""``spectral-bench spectrum``: what the singular values did."""

from __future__ import annotations

from spectral_bench.cli.pictures import Data, Picture, Show, check_picture, deliver_pictures
from spectral_bench.cli.reading import Paths, Where, read


def spectrum(
    paths: Paths = None, *, where: Where = None, output: Picture = None, show: Show = False, data: Data = None
) -> None:
    """Show the singular values of the recurrent matrices over training, and how far they are from 1.

    The table is of the last traced step.
    """
    from rich.console import Console

    from spectral_bench.analysis.groups import sections
    from spectral_bench.analysis.plots.spectrum import draw_spectrum
    from spectral_bench.analysis.spectra import spectrum_pictures, spectrum_table, traced_spectra
    from spectral_bench.cli.tables import show_tables

    console = Console()
    check_picture("-o", output)
    found = read(paths, where)
    tables, pictures = [], []
    for section in sections(found.runs):
        groups = traced_spectra(section)
        if not groups:
            found.notes.append(f"{section.title}: no run traced singular values.")
            continue
        tables.append(spectrum_table(section, groups))
        pictures.append(spectrum_pictures(section, groups))
    show_tables(tables, console)
    deliver_pictures(
        pictures,
        draw_spectrum,
        lambda picture: [(f"spectral margin ({picture.title})", picture.margin, True)],
        console,
        output=output,
        show=show,
        data=data,
        notes=found.notes,
    )

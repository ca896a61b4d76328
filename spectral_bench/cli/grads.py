"""``spectral-bench grads``: what the gradients did."""

from __future__ import annotations

from typing import Annotated

import typer

from spectral_bench.cli.pictures import Data, Picture, Show, check_picture, deliver_pictures
from spectral_bench.cli.reading import Paths, Where, read


def grads(
    paths: Paths = None,
    *,
    steps: Annotated[
        list[int] | None,
        typer.Option("--step", metavar="STEP", help="Look over time at this step; can be repeated. Default: three."),
    ] = None,
    layer: Annotated[int, typer.Option(min=0, help="Which recurrent layer, the one next to the input is 0.")] = 0,
    where: Where = None,
    output: Picture = None,
    show: Show = False,
    data: Data = None,
) -> None:
    """Show gradient norms over time and training: how fast they decay, and pictures.

    The table is of the last traced step, or of the last --step.
    """
    from rich.console import Console

    from spectral_bench.analysis.decay import decay_table
    from spectral_bench.analysis.gradients import gradient_pictures, traced
    from spectral_bench.analysis.groups import sections
    from spectral_bench.analysis.plots.gradients import draw_gradients
    from spectral_bench.cli.tables import show_tables

    console = Console()
    check_picture("-o", output)
    found = read(paths, where)
    tables, pictures = [], []
    for section in sections(found.runs):
        groups = traced(section, layer)
        if not groups:
            found.notes.append(f"{section.title}: no run traced gradients in layer {layer}.")
            continue
        table, _ = decay_table(section, groups, layer, max(steps) if steps else None)
        tables.append(table)
        pictures.append(gradient_pictures(section, groups, layer, steps))
    show_tables(tables, console)
    deliver_pictures(
        pictures,
        draw_gradients,
        lambda picture: [(f"gradient norm at h_0 over training steps ({picture.title})", picture.start, True)],
        console,
        output=output,
        show=show,
        data=data,
        notes=found.notes,
    )

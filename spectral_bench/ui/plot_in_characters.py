"""The figures of ``plot`` drawn with characters."""

import numpy as np
from rich.console import Console
from rich.table import Table

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.phase_maps import PhaseCell, PhasePictures
from spectral_bench.figures.plotted_runs import Phase
from spectral_bench.figures.searches import SearchPictures
from spectral_bench.figures.series import Series, over_runs
from spectral_bench.figures.sweeps import SweepLine, SweepPictures
from spectral_bench.figures.value_axis import shown
from spectral_bench.figures.words import key_in_words, plain
from spectral_bench.ui.pictures import draw_in_characters
from spectral_bench.ui.text_plot import Limit, TextPlot

#: A character a run.
_PHASES: dict[Phase, str] = {"solved": "S", "better than baseline": "b", "at baseline": ".", "diverged": "x"}

#: Runs of a search that are listed.
_LISTED = 20


def show_sweeps(pictures: SweepPictures, console: Console) -> None:
    """Lines through the means; below them what lies beside the axis, and how many seeds did worse than any number."""
    x, y = (plain(key_in_words(key, pictures.metric)) for key in (pictures.keys.x, pictures.keys.y))
    for panel, lines in pictures.panels.items():
        title = f"{y} against {x} ({', '.join(filter(None, (pictures.title, panel)))})"
        level = pictures.baseline
        limits = [] if level is None else [Limit(f"baseline {level:.4g}", None, np.array([level]))]
        curves = [series for line in lines if len((series := _joined(pictures, line)).x)]
        inner = [(place, label) for place, label in zip(*pictures.x_axis.ticks(), strict=True) if _shows(curves, place)]
        ticks = ([place for place, _ in inner], [label for _, label in inner])
        if curves:
            draw_in_characters([TextPlot(title, x, curves, pictures.logarithmic, limits, ticks=ticks)], console)
        else:
            console.print(title, highlight=False, markup=False)
        for line in lines:
            for point in line.points:
                apart = not pictures.x_axis.joins(point.x)
                value = "" if point.mean is None or not apart else f" {point.mean.mean:.4g}"
                worse = f" × {point.without} of {point.runs}" if point.without else ""
                if value or worse:
                    at = shown(pictures.keys.x, point.x)
                    console.print(f"  {line.label} at {at}:{value}{worse}", highlight=False, markup=False)


def _joined(pictures: SweepPictures, line: SweepLine) -> Series:
    points = [point for point in line.points if point.mean is not None and pictures.x_axis.joins(point.x)]
    x = np.array([point.place for point in points])
    means = np.array([point.mean.mean for point in points if point.mean is not None])
    return over_runs(line.label, line.look, [(x, means)] if len(x) else [], logarithmic=pictures.logarithmic)


def _shows(curves: list[Series], place: float) -> bool:
    return bool(curves) and min(one.x[0] for one in curves) <= place <= max(one.x[-1] for one in curves)


def show_phase_map(pictures: PhasePictures, console: Console) -> None:
    """A table of cells: a character a run, or the mean of the metric."""
    x, y = (plain(key_in_words(key, pictures.metric)) for key in (pictures.keys.x, pictures.keys.y))
    for panel, cells in pictures.panels.items():
        of = {(as_typed(cell.x), as_typed(cell.y)): cell for cell in cells}
        table = Table(
            title=f"{', '.join(filter(None, (pictures.title, panel)))}: {y} (down) and {x} (across)", box=None
        )
        table.add_column()
        for text in pictures.x_axis.places:
            table.add_column(pictures.x_axis.labels[text])
        for down in reversed(list(pictures.y_axis.places)):
            row = [
                _cell(of.get((text, down)), by_metric=pictures.keys.hue is not None) for text in pictures.x_axis.places
            ]
            table.add_row(pictures.y_axis.labels[down], *row)
        console.print(table, highlight=False, markup=False)
    if pictures.keys.hue is None:
        legend = ", ".join(f"{character} {name}" for name, character in _PHASES.items())
        console.print(f"A character is a run: {legend}.", highlight=False, markup=False)


def _cell(cell: PhaseCell | None, *, by_metric: bool) -> str:
    if cell is None:
        return ""
    if not by_metric:
        return "".join(_PHASES[outcome] for outcome in cell.outcomes)
    worse = f"× {cell.without}/{len(cell.outcomes)}" if cell.without else ""
    return " ".join(filter(None, ("" if cell.mean is None else f"{cell.mean:.3g}", worse)))


def show_searches(pictures: SearchPictures, console: Console) -> None:
    """The runs with the largest results, as a table."""
    y = plain(key_in_words(pictures.y, pictures.metric))
    table = Table(title=f"{pictures.title}: {len(pictures.lines)} runs by {y}, the largest first", box=None)
    for axis in pictures.axes:
        table.add_column(plain(key_in_words(axis.key)))
    table.add_column(y, justify="right")
    ordered = sorted(pictures.lines, key=lambda line: (line.result is not None, line.result or 0.0), reverse=True)
    for line in ordered[:_LISTED]:
        values = [shown(axis.key, value) for axis, value in zip(pictures.axes, line.values, strict=True)]
        table.add_row(*values, "diverged or never" if line.result is None else f"{line.result:.4g}")
    console.print(table, highlight=False)
    if len(ordered) > _LISTED:
        console.print(f"... and {len(ordered) - _LISTED} more.", highlight=False)

"""``spectral-bench plot``: any key against any metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spectral_bench.cli.completion import complete_key
from spectral_bench.cli.figure_options import (
    DEFAULT_WIDTH,
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
from spectral_bench.cli.help_panels import SHOWN
from spectral_bench.cli.plugin_option import Plugins
from spectral_bench.cli.run_options import Best, Data, Show, Where, read_runs
from spectral_bench.errors import InputError

if TYPE_CHECKING:
    from spectral_bench.figures.named_groups import Naming
    from spectral_bench.figures.plotted_runs import Plotted
    from spectral_bench.figures.sheet import Sheet
    from spectral_bench.figures.sweeps import PlotKeys

#: The words that say what is drawn.
_AXES = ("x", "y", "hue", "col")


class PlotKind(StrEnum):
    """What kind of figure."""

    lines = "lines"
    map = "map"
    parallel = "parallel"


def plot(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="x=KEY y=METRIC [hue=KEY] [col=KEY] [PATH]...",
            help="What against what, of which runs (default: results). KEY: of the configuration or of summaries.",
            show_default=False,
        ),
    ] = None,
    *,
    kind: Annotated[
        PlotKind,
        typer.Option(
            help="lines: y against x. map: two keys, how runs came out, or hue=METRIC. parallel: a search, over x=A,B "
            "or all keys that differ.",
            rich_help_panel=SHOWN,
        ),
    ] = PlotKind.lines,
    where: Where = None,
    best: Best = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="KEY",
            help="A line for every value of KEY, too, instead of a mean over them.",
            autocompletion=complete_key,
            rich_help_panel=SHOWN,
        ),
    ] = None,
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
    """Draw any key against any metric: sweeps of a radius, of lengths, of learning rates, searches, phase diagrams.

    Without -o or --data it draws with characters. Lines are models, unless hue says otherwise; runs that diverged or
    never got there are in no mean, and marked.
    """
    from rich.console import Console

    from spectral_bench.figures.plotted_runs import check_keys, plotted
    from spectral_bench.records.grouping import sections
    from spectral_bench.ui.pictures import Wanted, check_pictures, write_pictures

    check_pictures("-o", output)
    for option, given in (("--order", order), ("--label", label)):
        if given and kind is not PlotKind.lines:
            raise InputError(f"{option} is about lines, and --kind {kind.value} draws none.")
    axes, paths = _understood(words or [], kind)
    unused = [f"{name}=" for name in ("hue", "col") if kind is PlotKind.parallel and getattr(axes, name)]
    unused += ["--by"] if by and kind is not PlotKind.lines else []
    if unused:
        raise InputError(f"{unused[0]}: --kind {kind.value} has no use for it.")
    found = read_runs(paths, where, best)
    searched = axes.x.split(",") if kind is PlotKind.parallel and axes.x else [axes.x] if axes.x else []
    keys = replace(axes, by=tuple(key for word in by or [] for key in word.split(",")))
    check_keys(found.runs, [*searched, *(key for key in (keys.y, keys.hue, keys.col, *keys.by) if key)])
    draw, show_one, prepare = _KINDS[kind]()
    tasks = plotted(sections(found.runs))
    naming = naming_of(order, label)
    if kind is PlotKind.lines:
        from spectral_bench.figures.sweeps import line_names

        naming.check_names({name for task in tasks for name in line_names(task, keys)})
    if panels and keys.col is None:
        raise InputError("--panels: there are none to choose from without col=KEY.")
    pictures = [picture for task in tasks if (picture := prepare(task, keys, naming)) is not None]
    titles = [title for picture in pictures for title in getattr(picture, "panels", {})]
    wanted = Wanted(_sheet(width, panels, titles, keys.col or "", no_title=no_title), output, show, data, style)
    empty = {task.task for task in tasks} - {picture.title for picture in pictures}
    found.notes.extend(f"{task}: no run has a number in what is drawn." for task in sorted(empty))
    found.notes.extend(note for picture in pictures for note in picture.notes)
    for note in found.notes:
        typer.echo(f"Note: {note}", err=True)
    write_pictures(pictures, draw, wanted)
    if show or (output is None and data is None):
        for picture in pictures:
            show_one(picture, Console())


def _understood(words: Sequence[str], kind: PlotKind) -> tuple[PlotKeys, list[Path] | None]:
    """Axes and paths.

    Raises:
        InputError: an axis is given twice, or lacks.
    """
    from spectral_bench.figures.sweeps import PlotKeys

    axes: dict[str, str] = {}
    paths: list[Path] = []
    for word in words:
        name, sign, key = word.partition("=")
        if not sign or Path(word).exists():
            paths.append(Path(word))
        elif name not in _AXES:
            raise InputError(f"'{word}': expected {', '.join(f'{axis}=KEY' for axis in _AXES)}, or a path.")
        elif name in axes:
            raise InputError(f"{name}= is given twice: {axes[name]} and {key}.")
        else:
            axes[name] = key
    needed = ("y",) if kind is PlotKind.parallel else ("x", "y")
    lacking = [
        f"{axis}={'METRIC' if axis == 'y' and kind is not PlotKind.map else 'KEY'}"
        for axis in needed
        if not axes.get(axis)
    ]
    if lacking:
        raise InputError(f"{' and '.join(lacking)} is lacking: spectral-bench plot x=r y=test, for example.")
    return PlotKeys(axes.get("x", ""), axes["y"], axes.get("hue"), axes.get("col")), paths or None


def _sheet(width: str, panels: Sequence[str] | None, titles: Sequence[str], key: str, *, no_title: bool) -> Sheet:
    """The layout; a panel may be called by its title or by the value of its key."""
    from spectral_bench.runs.setting_words import setting_in_words

    def title(name: str) -> str:
        value = name.rpartition("=")[2].strip()
        meant = (name, *(setting_in_words(key, one) for one in (value, "null" if value in ("none", "free") else value)))
        return next((one for one in meant if one in titles), name)

    named = [name.strip() for word in panels or [] for name in word.split(",")]
    return sheet_of(width, [title(name) for name in named], titles, no_title=no_title)


Prepare = Callable[["Plotted", "PlotKeys", "Naming"], Any]


def _lines() -> tuple[Any, Any, Prepare]:
    from spectral_bench.figures.draw_sweeps import draw_sweep
    from spectral_bench.figures.sweeps import sweep_pictures
    from spectral_bench.ui.plot_in_characters import show_sweeps

    return draw_sweep, show_sweeps, sweep_pictures


def _map() -> tuple[Any, Any, Prepare]:
    from spectral_bench.figures.draw_phase_map import draw_phase_map
    from spectral_bench.figures.phase_maps import phase_pictures
    from spectral_bench.ui.plot_in_characters import show_phase_map

    return draw_phase_map, show_phase_map, lambda task, keys, _: phase_pictures(task, keys)


def _parallel() -> tuple[Any, Any, Prepare]:
    from spectral_bench.figures.draw_searches import draw_searches
    from spectral_bench.figures.searches import search_pictures
    from spectral_bench.ui.plot_in_characters import show_searches

    return (
        draw_searches,
        show_searches,
        lambda task, keys, _: search_pictures(task, keys.y, keys.x.split(",") if keys.x else []),
    )


_KINDS = {PlotKind.lines: _lines, PlotKind.map: _map, PlotKind.parallel: _parallel}

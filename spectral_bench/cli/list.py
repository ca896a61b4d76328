"""``spectral-bench list``: the available models, tasks, optimizers, presets, data sets, sinks and launchers."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins

if TYPE_CHECKING:
    from rich.console import Console


class Listing(StrEnum):
    """What can be listed."""

    models = "models"
    tasks = "tasks"
    optimizers = "optimizers"
    presets = "presets"
    datasets = "datasets"
    sinks = "sinks"
    launchers = "launchers"


#: The group of configuration files of what is chosen by one.
_GROUPS = {
    Listing.models: "model",
    Listing.tasks: "task",
    Listing.optimizers: "optimizer",
    Listing.presets: "experiment",
    Listing.launchers: "launcher",
}


def list_(
    word: Annotated[
        str,
        typer.Argument(
            help=f"What to list: {', '.join(Listing)}.",
            metavar="KIND",
            autocompletion=lambda: list(Listing),
            show_default=False,
        ),
    ],
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", help="A folder of your own configuration files.", file_okay=False)
    ] = None,
    _plugins: Plugins = None,
) -> None:
    """Say what models, tasks, optimizers, presets, datasets, sinks or launchers there are, and what each is for."""
    from rich.console import Console

    from spectral_bench.config.hints import unknown
    from spectral_bench.errors import InputError

    if word not in set(Listing):
        raise InputError(unknown("kind", word, Listing))
    kind, console = Listing(word), Console()
    if kind is Listing.datasets:
        _show_datasets(console)
    elif kind is Listing.sinks:
        _show(list(_sinks()), console, "Choose one with --sink NAME.")
    else:
        group = _GROUPS[kind]
        _show(list(_options(group, config_dir)), console, f"Choose one with {group}=NAME.")
    _warn_of_entry_points(kind)


def _options(group: str, config_dir: Path | None) -> Iterator[tuple[str, str]]:
    from spectral_bench.config.catalog import description, files_of_options
    from spectral_bench.config.plugin_yaml import check_plugin_yaml

    check_plugin_yaml(config_dir)
    for name, files in files_of_options(group, config_dir).items():
        several = f"two files, of which none can be chosen: {' and '.join(map(str, files))}"
        yield name, description(files[0]) if len(files) == 1 else several


def _sinks() -> Iterator[tuple[str, str]]:
    from spectral_bench.runs.sinks import SINKS

    for name in SINKS:
        yield name, (SINKS[name].__doc__ or "").strip().partition("\n")[0]


def _warn_of_entry_points(kind: Listing) -> None:
    """Say on stderr which installed plugins of this kind cannot be used."""
    from spectral_bench.plugins.entry_points import entry_point_problems, load_entry_points

    group = f"spectral_bench.{kind}"
    load_entry_points(group)
    for problem in entry_point_problems(group):
        typer.echo(f"Warning: {problem}", err=True)


def _show_datasets(console: Console) -> None:
    """The sets that are tasks of their own, then those of the UCR archive: which are here, and which can be had."""
    from spectral_bench.config.data_folder import default_data_dir
    from spectral_bench.data.datasets import MNIST, PTB, found_ucr_names, known_ucr_names

    _show([(one.name, one.description) for one in (MNIST, PTB)], console, "Read by task=mnist and task=ptb.")
    here = sorted(found_ucr_names(default_data_dir()), key=str.lower)
    others = [name for name in sorted(known_ucr_names(), key=str.lower) if name not in here]
    typer.echo(f"\nUCR archive, time series: {len(here) + len(others)} sets, read by task=ucr task.dataset=NAME.")
    for names, where in ((here, "in the data folder"), (others, "to be had by spectral-bench data download NAME")):
        if names:
            typer.echo(f"\n{len(names)} {where}:")
            typer.echo(fill("  ".join(names), _width(), break_long_words=False, break_on_hyphens=False))


def _width() -> int:
    return get_terminal_size((80, 24)).columns  # $COLUMNS, if it is set


def _show(lines: list[tuple[str, str]], console: Console, hint: str) -> None:
    """A line each, the longer ones wrapped under their own beginning; in a terminal ``hint`` says how to choose."""
    from rich.table import Table

    if not console.is_terminal:
        for name, purpose in lines:
            line = f"{name}  {purpose}".rstrip()
            # Words stay whole, for they may be paths.
            typer.echo(fill(line, _width(), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, purpose in lines:
        table.add_row(name, purpose)
    console.print(table, highlight=False)
    console.print(hint, style="dim", highlight=False)

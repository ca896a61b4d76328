"""``spectral-bench list``: the available models, tasks, presets and data sets."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.plugin_option import Plugins

if TYPE_CHECKING:
    from rich.console import Console


class Listing(StrEnum):
    """What can be listed."""

    models = "models"
    tasks = "tasks"
    presets = "presets"
    datasets = "datasets"


_GROUPS = {Listing.models: "model", Listing.tasks: "task", Listing.presets: "experiment"}


def list_(
    kind: Annotated[Listing, typer.Argument(help="What to list.", show_default=False)],
    config_dir: Annotated[
        Path | None, typer.Option("--config-dir", help="A folder of your own configuration files.", file_okay=False)
    ] = None,
    _plugins: Plugins = None,
) -> None:
    """Say what models, tasks, presets or datasets there are, and what each is for."""
    from rich.console import Console

    console = Console()
    if kind is Listing.datasets:
        _show(list(_datasets()), console, "Read by task=mnist, task=ptb, and task=ucr task.dataset=NAME.")
    else:
        group = _GROUPS[kind]
        _show(list(_options(group, config_dir)), console, f"Choose one with {group}=NAME.")


def _options(group: str, config_dir: Path | None) -> Iterator[tuple[str, str]]:
    from spectral_bench.config.catalog import description, options
    from spectral_bench.config.plugin_yaml import check_plugin_yaml

    check_plugin_yaml(config_dir)
    for name, file in options(group, config_dir).items():
        yield name, description(file)


def _datasets() -> Iterator[tuple[str, str]]:
    from spectral_bench.config.location import default_data_dir
    from spectral_bench.data.datasets import MNIST, PTB, found_ucr_names, known_ucr_names, ucr

    own = found_ucr_names(default_data_dir())
    for dataset in (MNIST, PTB):
        yield dataset.name, dataset.description
    for name in sorted({*known_ucr_names(), *own}, key=str.lower):
        here = ", in the data folder" if name in own else ""
        yield name, f"{ucr(name).description}{here}"


def _show(lines: list[tuple[str, str]], console: Console, hint: str) -> None:
    """A line each; in a terminal a long one goes on under its own beginning, and ``hint`` says how to choose."""
    from rich.table import Table

    if not console.is_terminal:
        for name, purpose in lines:
            typer.echo(f"{name}  {purpose}")
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, purpose in lines:
        table.add_row(name, purpose)
    console.print(table, highlight=False)
    console.print(hint, style="dim", highlight=False)

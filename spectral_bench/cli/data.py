"""``spectral-bench data``: where data sets are, whether their digests are right, and how to download them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.completion import complete_dataset
from spectral_bench.cli.help_panels import examples

if TYPE_CHECKING:
    from spectral_bench.data.download import OnProgress
    from spectral_bench.data.status import FileStatus

data_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="See, check and download data sets.", epilog=examples("data")
)

#: What the tasks read by default.
_DEFAULT = ("mnist", "ptb", "CBF")

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of data sets; default: $SPECTRAL_BENCH_DATA, else the user's data folder."),
]


def _complete_name(incomplete: str) -> list[str]:
    return [name for name in ("mnist", "ptb") if name.startswith(incomplete)] + complete_dataset(incomplete)


Name = Annotated[
    str | None,
    typer.Argument(
        help="mnist, ptb, or a UCR set such as CBF; default: all that are there.", autocompletion=_complete_name
    ),
]


@data_app.command("status", epilog=examples("data status"))
def show_status(name: Name = None, data_dir: DataDir = None) -> None:
    """Say where every data set was looked for and what was found there."""
    _show(name, _folder(data_dir), check=False)


@data_app.command("verify", epilog=examples("data verify"))
def verify_files(name: Name = None, data_dir: DataDir = None) -> None:
    """Compare every file with its known digest, or with the one recorded when it was downloaded."""
    from spectral_bench.data.status import FileState
    from spectral_bench.errors import DataError

    files = _show(name, _folder(data_dir), check=True)
    wrong = [
        f"{file.path}: SHA-256 {file.digest}, expected {file.expected}"
        for file in files
        if file.state is FileState.different
    ]
    wrong += [f"{file.path}: missing" for file in files if name and file.state is FileState.missing]
    if wrong:
        raise DataError("\n".join(wrong))


@data_app.command("download", epilog=examples("data download"))
def download_datasets(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help=f"mnist, ptb, UCR sets such as CBF; default: {', '.join(_DEFAULT)}.",
            autocompletion=_complete_name,
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Get data sets: what broke off is resumed, what is there and right is left alone."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    from spectral_bench.data.datasets import dataset
    from spectral_bench.data.fetch import fetch

    folder, console = _folder(data_dir), Console()
    chosen = [dataset(name, folder) for name in names or _DEFAULT]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def watch(file: str) -> "OnProgress":
            bar = bars.add_task(file, total=None)
            return lambda have, total: bars.update(bar, completed=have, total=total)

        for one in chosen:
            for line in fetch(one, folder, watch):
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def _folder(data_dir: Path | None) -> Path:
    from spectral_bench.config.data_folder import default_data_dir
    from spectral_bench.config.typed import expanded_path

    return expanded_path(data_dir or default_data_dir(), "--data-dir")


def _show(name: str | None, folder: Path, *, check: bool) -> "list[FileStatus]":
    """Print a line for every file, and how to get what is missing; returns the files."""
    from spectral_bench.data.datasets import dataset
    from spectral_bench.data.problems import download_command
    from spectral_bench.data.status import FileState, found_datasets, status

    datasets = [dataset(name, folder)] if name else found_datasets(folder)
    files = {one: status(one, folder, check=check) for one in datasets}
    rows = [
        (file.path.relative_to(folder).as_posix(), "" if file.size is None else f"{file.size:,}", file.state.value)
        for group in files.values()
        for file in group
    ]
    width = max(len(path) for path, _, _ in rows)
    typer.echo(f"Data sets in {folder}")
    for path, size, state in rows:
        typer.echo(f"  {path:{width}}  {size:>11}  {state}")
    for one, group in files.items():
        if any(file.state is FileState.missing for file in group):
            command = download_command(one, folder)
            typer.echo(f"{one.name}: looked for {one.layout}." + (f" Get it with: {command}" if command else ""))
    return [file for group in files.values() for file in group]

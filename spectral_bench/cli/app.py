"""The command line: ``spectral-bench VERB``. A verb imports what it needs when it is called: help is instant."""

import os
import sys
from typing import Annotated

import typer

from spectral_bench.cli.bench import bench
from spectral_bench.cli.compare import compare
from spectral_bench.cli.curves import curves
from spectral_bench.cli.data import data_app
from spectral_bench.cli.grads import grads
from spectral_bench.cli.list import list_
from spectral_bench.cli.resume import resume
from spectral_bench.cli.run import run
from spectral_bench.cli.spectrum import spectrum
from spectral_bench.cli.verify import verify
from spectral_bench.errors import SpectralBenchError
from spectral_bench.version import __version__

#: Environment variable that shows the traceback of an expected error, too.
TRACEBACK_VARIABLE = "SPECTRAL_BENCH_TRACEBACK"

app = typer.Typer(
    help="Does bounding the singular values of a recurrent matrix keep gradients alive, and at what cost?",
    epilog="Exit codes: 0 done, 1 failed or diverged, 2 wrong input, 3 data missing or damaged, 75 stopped for a "
    "requeue, 129 hung up, 130 interrupted, 143 terminated. "
    f"{TRACEBACK_VARIABLE}=1 shows the traceback of an error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def spectral_bench(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda wanted: _show_version(wanted), is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Does bounding the singular values of a recurrent matrix keep gradients alive, and at what cost?"""


app.command()(run)
app.command()(resume)
app.command()(verify)
app.command()(compare)
app.command()(grads)
app.command()(spectrum)
app.command()(curves)
app.command()(bench)
app.command("list")(list_)
app.add_typer(data_app, name="data")


def main() -> None:
    """Runs the command line; an expected error becomes one message and its exit code."""
    try:
        app()
    except SpectralBenchError as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True)
        message = Text.assemble(("Error: ", "bold red"), str(error))
        console.print(message, soft_wrap=not console.is_terminal)  # a log file gets one line
        sys.exit(error.exit_code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spectral-bench {__version__}")
        raise typer.Exit

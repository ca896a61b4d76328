"""The command line: ``spectral-bench VERB``. A verb imports what it needs when it is called: help is instant."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from spectral_bench.cli.verb_group import VerbGroup
from spectral_bench.errors import SpectralBenchError
from spectral_bench.runs.unexpected import TRACEBACK_VARIABLE, told_in_a_line
from spectral_bench.ui.standard_streams import flush_streams, prepare_streams
from spectral_bench.version import __version__

app = typer.Typer(
    cls=VerbGroup,
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


def main() -> None:
    """Runs the command line; an error becomes one message and an exit code, whether or not it was expected."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            flush_streams()
    except SpectralBenchError as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        _show_error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:  # nobody reads any more
        sys.exit(1)
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        _show_error(told_in_a_line(error))
        sys.exit(1)


def _show_error(message: str) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    with suppress(OSError):
        text = Text.assemble(("Error: ", "bold red"), message)
        console.print(text, soft_wrap=not console.is_terminal)  # a log file gets one line


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spectral-bench {__version__}")
        raise typer.Exit

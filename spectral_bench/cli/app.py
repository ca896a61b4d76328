"""The command line: ``spectral-bench VERB``. A verb imports what it needs when it is called: help is instant."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer

from spectral_bench.cli.bench import bench
from spectral_bench.cli.claims import claims
from spectral_bench.cli.compare import compare
from spectral_bench.cli.curves import curves
from spectral_bench.cli.data import data_app
from spectral_bench.cli.grads import grads
from spectral_bench.cli.help_panels import examples, help_text
from spectral_bench.cli.list import list_
from spectral_bench.cli.override_command import OverrideCommand, VerbCommand
from spectral_bench.cli.plot import plot
from spectral_bench.cli.report import report
from spectral_bench.cli.resume import resume
from spectral_bench.cli.run import run
from spectral_bench.cli.run_status import status_
from spectral_bench.cli.runs import runs
from spectral_bench.cli.spectrum import spectrum
from spectral_bench.cli.verify import verify
from spectral_bench.errors import SpectralBenchError
from spectral_bench.runs.unexpected import TRACEBACK_VARIABLE, told_in_a_line
from spectral_bench.ui.standard_streams import flush_streams, prepare_streams
from spectral_bench.version import __version__

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


_VERBS: dict[str, Callable[..., None]] = {
    "run": run,
    "resume": resume,
    "verify": verify,
    "status": status_,
    "runs": runs,
    "compare": compare,
    "grads": grads,
    "spectrum": spectrum,
    "curves": curves,
    "plot": plot,
    "claims": claims,
    "report": report,
    "bench": bench,
    "list": list_,
}
for _name, _verb in _VERBS.items():
    _cls = OverrideCommand if _verb is run else VerbCommand
    app.command(_name, cls=_cls, help=help_text(_verb), epilog=examples(_name))(_verb)
app.add_typer(data_app, name="data")


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

"""What a verification found, on the screen and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from spectral_bench.errors import DataError

if TYPE_CHECKING:
    from spectral_bench.runs.verification import Verification


def show_verification(found: Verification) -> None:
    """Say whether the numbers are the same, and what changed in the environment since."""
    replayed = f"updates {found.first_step:,} to {found.last_step:,}"
    if found.difference is None:
        typer.echo(f"The same: {found.compared:,} numbers of {replayed}.")
    else:
        typer.echo(f"Different, in {replayed}: {found.difference}.")
        typer.echo(f"Numbers before it: {found.compared:,}, all the same." if found.compared else "None is before it.")
    if found.difference is not None or found.changes:
        typer.echo("Changed since: " + ("; ".join(found.changes) or "nothing that is recorded") + ".")


def end_by_verification(found: Verification) -> None:
    """End with the code of what was found.

    Raises:
        typer.Exit: with code 1, when a number differs.
        DataError: a file changed after it was written.
    """
    if found.difference is not None:
        raise typer.Exit(1)
    if found.damaged:
        raise DataError(" ".join(found.damaged))

"""``--sink``, the same for the verbs that train."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from spectral_bench.cli.help_panels import OUTSIDE
from spectral_bench.errors import InputError

#: Environment variable with the sinks of runs that name none, separated by commas.
SINKS_VARIABLE = "SPECTRAL_BENCH_SINKS"

Sinks = Annotated[
    list[str] | None,
    typer.Option(
        "--sink",
        metavar="NAME",
        help="Write what happens somewhere else, too: tensorboard, mlflow, or one of a plugin. Several: repeated, or "
        f"separated by commas; default: ${SINKS_VARIABLE}.",
        rich_help_panel=OUTSIDE,
    ),
]


def chosen_sinks(named: list[str] | None) -> list[str]:
    """The sinks that were named, or else the user's default, each once.

    Raises:
        InputError: there is no such sink, or a name is empty; the message says where it was named.
    """
    if named:
        for text in named:
            if not all(map(str.strip, text.split(","))):
                raise InputError(f"--sink '{text}': expected the name of a sink, or several separated by commas.")
        return _known(named, "--sink")
    return _known([os.environ.get(SINKS_VARIABLE, "")], f"${SINKS_VARIABLE}")


def _known(texts: list[str], place: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
    if names:
        from spectral_bench.runs.sinks import SINKS

        for name in names:
            try:
                SINKS[name]
            except InputError as error:
                raise InputError(f"{place}: {error}") from error
    return names

"""``--sink``, the same for the verbs that train."""

from __future__ import annotations

import os
from typing import Annotated

import typer

#: Environment variable with the sinks of runs that name none, separated by commas.
SINKS_VARIABLE = "SPECTRAL_BENCH_SINKS"

Sinks = Annotated[
    list[str] | None,
    typer.Option(
        "--sink",
        metavar="NAME",
        help="Write what happens somewhere else, too: tensorboard, mlflow, or one of a plugin. Can be repeated; "
        f"default: ${SINKS_VARIABLE}, separated by commas.",
    ),
]


def chosen_sinks(named: list[str] | None) -> list[str]:
    """The sinks that were named, or else the user's default, each once."""
    default = os.environ.get(SINKS_VARIABLE, "").split(",")
    return list(dict.fromkeys(name.strip() for name in named or default if name.strip()))

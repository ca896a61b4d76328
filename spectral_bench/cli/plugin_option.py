"""``--plugin``, the same for every verb: a verb that has it takes a parameter ``_plugins: Plugins = None``."""

from __future__ import annotations

from typing import Annotated

import typer

from spectral_bench.cli.help_panels import OUTSIDE
from spectral_bench.plugins import PLUGINS_VARIABLE

#: The name of the parameter.
PLUGINS_PARAMETER = "_plugins"


def _load(ctx: typer.Context, sources: list[str] | None) -> list[str] | None:
    """Import the plugins before the verb is called; not while a line is completed, see ``complete_override``."""
    if not ctx.resilient_parsing:
        from spectral_bench.plugins.importing import load_plugins
        from spectral_bench.runs.interruption import ending_on_signals

        with ending_on_signals():
            load_plugins(sources or [])
    return sources


Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py|MODULE",
        callback=_load,
        help=f"Import models, tasks, optimizers or sinks of your own first. Can be repeated; also ${PLUGINS_VARIABLE}.",
        rich_help_panel=OUTSIDE,
    ),
]

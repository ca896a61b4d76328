"""Options shared by the verbs that draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spectral_bench.cli.completion import complete_key
from spectral_bench.cli.help_panels import RUNS

if TYPE_CHECKING:
    from spectral_bench.figures.named_groups import Naming
    from spectral_bench.figures.sheet import Sheet

_PANEL = "Figure"

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Draw into FILE.png, .svg or .pdf; of several tasks, into a folder or FILE-{}.png.",
        rich_help_panel=_PANEL,
    ),
]
Width = Annotated[
    str, typer.Option("--width", metavar="W", help="single, double (columns), 12cm, 5in.", rich_help_panel=_PANEL)
]
NoTitle = Annotated[
    bool, typer.Option("--no-title", help="Without title and caption: they are text in print.", rich_help_panel=_PANEL)
]
Panels = Annotated[
    list[str] | None,
    typer.Option("--panels", metavar="A,B", help="Only these panels.", rich_help_panel=_PANEL),
]
Order = Annotated[
    list[str] | None,
    typer.Option("--order", metavar="A,B", help="Groups or models that come first.", rich_help_panel=_PANEL),
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="OLD=NEW", help="Another name for a group or model. Can be repeated.", rich_help_panel=_PANEL
    ),
]
Style = Annotated[
    Path | None,
    typer.Option(
        "--style",
        metavar="FILE",
        help="A style sheet of matplotlib (.mplstyle): fonts, lines, backgrounds; not text sizes or models' colours.",
        rich_help_panel=_PANEL,
    ),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="KEY",
        help="Put runs together that agree in KEY, whatever else differs.",
        autocompletion=complete_key,
        rich_help_panel=RUNS,
    ),
]


def _checked_pause(seconds: float) -> float:
    """Seconds for which a process can sleep: no infinity, and no NaN, which no comparison with a limit refuses.

    Raises:
        InputError: they are none.
    """
    from spectral_bench.errors import InputError

    if not _SHORTEST_PAUSE <= seconds <= _LONGEST_PAUSE:
        raise InputError(f"--every {seconds:g}: expected {_SHORTEST_PAUSE:g} to {_LONGEST_PAUSE:,.0f} seconds.")
    return seconds


#: Of ``--every``, in seconds.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 86_400.0

Watch = Annotated[
    bool, typer.Option("--watch", help="Draw again and again while runs go on; Ctrl-C ends it.", rich_help_panel=_PANEL)
]
Every = Annotated[
    float,
    typer.Option(
        "--every",
        metavar="SECONDS",
        callback=_checked_pause,
        help="With --watch: how often.",
        rich_help_panel=_PANEL,
    ),
]

#: Of a figure, unless ``--width`` says otherwise.
DEFAULT_WIDTH = "double"


def sheet_of(width: str, panels: Sequence[str] | None, valid: Sequence[str], *, no_title: bool) -> Sheet:
    """The layout that the options ask for.

    Raises:
        InputError: a width is none, or a panel does not exist.
    """
    from spectral_bench.figures.sheet import Sheet, chosen_panels, inches

    return Sheet(inches(width), not no_title, chosen_panels(panels or [], valid))


def naming_of(order: Sequence[str] | None, labels: Sequence[str] | None) -> Naming:
    """The names that the options give.

    Raises:
        InputError: a ``--label`` is not of the form ``old=new``, or gives a name twice.
    """
    from spectral_bench.errors import InputError
    from spectral_bench.figures.named_groups import Naming

    names: dict[str, str] = {}
    for label in labels or []:
        # A group's own name may hold signs: ``svdrnn r=0.1``. The new one stands behind the last.
        old, sign, new = label.rpartition("=")
        if not (old and sign and new):
            raise InputError(f"--label '{label}': expected OLD=NEW.")
        if new.strip() in names.values():
            raise InputError(f"--label '{label}': another group is called {new.strip()} already.")
        names[old.strip()] = new.strip()
    first = [name.strip() for word in order or [] for name in word.split(",") if name.strip()]
    return Naming(names, first)

"""Options that the verbs which draw have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Picture = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Draw into FILE.png, .svg or .pdf; one file for each task."),
]
Show = Annotated[bool, typer.Option("--show", help="Draw with characters, here.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Write the numbers behind the pictures as csv.")
]

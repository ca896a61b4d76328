"""Draws docs/images/run.svg: the default copy run as a terminal shows it, halfway and at its end.

Run as ``python docs/picture_of_a_run.py``.
"""

import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from spectral_bench.config.load import load
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.kinds import KINDS
from spectral_bench.training.observer import Update
from spectral_bench.ui.live_display import LiveDisplay
from spectral_bench.ui.run_summary import show_results

COMMAND = ["task=copy", "model=svdrnn"]
PICTURE = Path(__file__).parent / "images" / "run.svg"


class Halfway(LiveDisplay):
    """The live display, drawn on paper once, after a given number of updates."""

    def __init__(self, console: Console, title: str, paper: Console, step: int) -> None:
        super().__init__(console, title)
        self._paper, self._drawn_at = paper, step

    def on_update(self, update: Update) -> None:
        """Draw when it is time."""
        super().on_update(update)
        if update.step == self._drawn_at:
            self._paper.print(self.render())


def draw(picture: Path, command: list[str], halfway: int) -> None:
    """Train as the command says, and save what its terminal shows as SVG.

    Args:
        picture: the file.
        command: the overrides of ``spectral-bench run``.
        halfway: updates after which the live display is drawn.
    """
    paper = Console(record=True, width=80, force_terminal=True, file=io.StringIO())
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    paper.print(Text("$ spectral-bench run " + " ".join(command), style="bold"))
    with tempfile.TemporaryDirectory() as folder:
        loaded = load([*command, f"results_dir={folder}"], KINDS)
        with Halfway(screen, "svdrnn on copy, seed 0", paper, halfway) as display:
            result = execute(prepare(loaded.experiment), command, [display])
        paper.print(Text("\n⋮\n", style="dim"))
        show_results(result.summary, Path("results") / result.directory.relative_to(folder), paper, result.centre)
    paper.save_svg(str(picture), title="spectral-bench")


if __name__ == "__main__":
    draw(PICTURE, COMMAND, halfway=400)

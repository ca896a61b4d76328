"""Draws docs/images/run.svg: the default copy run as a terminal shows it, halfway and at its end.

Run as ``python docs/picture_of_a_run.py``.
"""

import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text
from spectral_bench.nn.layer_kinds import LAYERS

from spectral_bench.config.load import load
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.tasks import TASKS
from spectral_bench.training.observer import Update
from spectral_bench.ui.live_display import LiveDisplay
from spectral_bench.ui.run_summary import show_results

COMMAND = ["task=copy", "model=svdrnn"]
HALFWAY = 400


class Halfway(LiveDisplay):
    """The live display, drawn once in the middle of the training."""

    def on_update(self, update: Update) -> None:
        """Draw when it is time."""
        super().on_update(update)
        if update.step == HALFWAY:
            paper.print(self.render())


paper = Console(record=True, width=80, force_terminal=True, file=io.StringIO())
screen = Console(file=io.StringIO(), force_terminal=True, width=80)
paper.print(Text("$ spectral-bench run " + " ".join(COMMAND), style="bold"))
with tempfile.TemporaryDirectory() as folder:
    loaded = load([*COMMAND, f"results_dir={folder}"], models=LAYERS, tasks=TASKS)
    with Halfway(screen, "svdrnn on copy, seed 0") as display:
        result = execute(prepare(loaded.experiment), COMMAND, [display])
    paper.print(Text("\n⋮\n", style="dim"))
    show_results(result.summary, Path("results") / result.directory.relative_to(folder), paper)
paper.save_svg(str(Path(__file__).parent / "images" / "run.svg"), title="spectral-bench")

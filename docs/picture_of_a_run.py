"""Draws docs/images/run.svg and grid.svg: a run and a grid as a terminal shows them, halfway and at their ends.

Run as ``python docs/picture_of_a_run.py``.
"""

import io
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from spectral_bench.config.load import load
from spectral_bench.launch.launchers.local import LocalLauncher
from spectral_bench.launch.point import compose_grid
from spectral_bench.launch.schedule import run_points
from spectral_bench.launch.watch import GridWatch
from spectral_bench.launch.worker import Treatment
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.kinds import KINDS
from spectral_bench.training.observer import Update
from spectral_bench.training.stop import Stop
from spectral_bench.ui.grid_display import grid_table
from spectral_bench.ui.grid_summary import show_grid_summary
from spectral_bench.ui.live_display import LiveDisplay
from spectral_bench.ui.run_summary import show_results

COMMAND = ["task=copy", "model=svdrnn"]
PICTURE = Path(__file__).parent / "images" / "run.svg"

GRID = ["task=addition", "task.length=50", "model=rnn,svdrnn", "svdrnn:r=0.01,0.1", "seed=1,2", "train.steps=1000"]
GRID_PICTURE = PICTURE.with_name("grid.svg")


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


def draw_grid(picture: Path, command: list[str], after: int) -> None:
    """Run a grid on two local workers, and save what its terminal shows as SVG.

    Args:
        picture: the file.
        command: the overrides of ``spectral-bench run -m``.
        after: points that have ended when the live table is drawn.
    """
    paper = Console(record=True, width=80, force_terminal=True, file=io.StringIO())
    paper.print(Text(f"$ spectral-bench run -m {' '.join(command)} launcher=local", style="bold"))
    with tempfile.TemporaryDirectory() as folder:
        points = compose_grid([*command, f"results_dir={folder}"]).points
        launcher = LocalLauncher(LocalLauncher.Config(name="local", workers=2, per_gpu=1))
        watch, results, drawn = GridWatch(points), {}, list[RenderableType]()
        painter = threading.Thread(target=_draw_once, args=(watch, after, drawn))
        painter.start()
        for result in run_points(points, launcher, Treatment(), Stop()):
            watch.note(result)
            results[result.point] = result
        painter.join()
        paper.print(*drawn)
        paper.print(Text("\n⋮\n", style="dim"))
        show_grid_summary([results[point.name] for point in points], len(points), paper)
    paper.save_svg(str(picture), title="spectral-bench")


def _draw_once(watch: GridWatch, after: int, drawn: list[RenderableType]) -> None:
    """Draw the live table when enough points have ended and others are under way, or all have ended."""
    state = watch.look()
    while state.counts.total() < state.total:
        if state.counts.total() >= after and any(point.progress and point.progress.step for point in state.running):
            break
        time.sleep(0.02)
        state = watch.look()
    drawn.append(grid_table(state))


if __name__ == "__main__":
    draw(PICTURE, COMMAND, halfway=400)
    draw_grid(GRID_PICTURE, GRID, after=3)

"""A grid in progress: one table that is redrawn in place; off a terminal a line a point; nothing if quiet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spectral_bench.launch.point import Point
from spectral_bench.launch.watch import GridState, GridWatch, RunningPoint
from spectral_bench.launch.worker import PointResult
from spectral_bench.report.numbers import duration, number
from spectral_bench.runs.field_words import metric_in_words
from spectral_bench.training.observer import Observer
from spectral_bench.ui.training_panel import TrainingPanel

#: Redrawings a second.
_REFRESH_RATE = 2

#: Seconds between two plain lines about the whole grid.
_LINE_INTERVAL = 30.0

#: Running points that are shown; the others are counted.
_SHOWN = 12

_BAR_WIDTH, _POINT_BAR_WIDTH = 40, 10


class GridDisplay:
    """Shows a grid while it runs: as a context manager, around its points.

    Args:
        console: where to draw.
        watch: knows how the grid stands.
        quiet: draw nothing.
    """

    def __init__(self, console: Console, watch: GridWatch, *, quiet: bool) -> None:
        self._console, self._watch, self._quiet = console, watch, quiet
        self._training: TrainingPanel | None = None
        self._live = Live(console=console, refresh_per_second=_REFRESH_RATE, get_renderable=self.render, transient=True)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        if self._quiet:
            return self
        if self._console.is_terminal:
            self._live.start()
        else:
            threading.Thread(target=self._write_lines, name="grid lines", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._live.stop()

    def ended(self, result: PointResult) -> None:
        """A point ended: count it, and off a terminal write a line."""
        self._watch.note(result)
        if not self._quiet and not self._console.is_terminal:
            state = self._watch.look()
            self._print(f"{result.point}: {in_words(result)} ({_ended(state)})")

    @contextmanager
    def training_here(self, point: Point) -> Iterator[Observer]:
        """Show below the table how a point trains in this process: its losses, gradients and singular values.

        Where no table is drawn, what is yielded does nothing.
        """
        if self._quiet or not self._console.is_terminal:
            yield Observer()
            return
        self._training = TrainingPanel(point.name)
        try:
            yield self._training
        finally:
            self._training = None

    def render(self) -> RenderableType:
        """The table, as it stands now."""
        table, training = grid_table(self._watch.look()), self._training
        return table if training is None else Group(table, Text(), training.render())

    def _write_lines(self) -> None:
        while not self._over.wait(_LINE_INTERVAL):
            self._print(grid_line(self._watch.look()))

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def in_words(result: PointResult) -> str:
    """How a point ended, in a few words: the rest of what there is to say of an error stands on stderr."""
    match result.state:
        case "done":
            return f"done in {duration(result.seconds)}"
        case "stopped":
            return result.message
    message = result.message.removeprefix(f"{result.directory}: ").partition("\n")[0]
    if message.startswith(result.state):  # "diverged at step 7"
        return message
    return f"{result.state}: {message}" if message else result.state


def grid_table(state: GridState) -> RenderableType:
    """How a grid stands, and its running points with their progress."""
    head = Table.grid(padding=(0, 2, 0, 0))
    left = "" if state.seconds_left is None else f"{duration(state.seconds_left)} left"
    bar = ProgressBar(total=state.total, completed=state.ended, width=_BAR_WIDTH)
    head.add_row(bar, _ended(state), left)
    shown = state.running[:_SHOWN]
    metrics = {metric_in_words(point.progress.metric) for point in shown if point.progress is not None}
    points = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=bool(shown))
    points.add_column("point", vertical="bottom", ratio=1)
    points.add_column(width=_POINT_BAR_WIDTH)
    # Numbers need little room, and words of a metric may need much: they are said once, each word below the last.
    for header in ("step", "\n".join(metrics).replace(" ", "\n") if len(metrics) == 1 else "validation", "left"):
        points.add_column(header, justify="right", no_wrap=True)
    for point in shown:
        points.add_row(*_point_row(point, name_metric=len(metrics) > 1))
    hidden = len(state.running) - _SHOWN
    more = [Text(f"and {hidden} more", style="dim")] if hidden > 0 else []
    return Group(head, Text(_counts(state), style="dim"), points, *more)


def grid_line(state: GridState) -> str:
    """How a grid stands, in a line."""
    left = "" if state.seconds_left is None else f", {duration(state.seconds_left)} left"
    return f"{_ended(state)}: {_counts(state)}{left}"


def _ended(state: GridState) -> str:
    """How many points have ended, in whatever order: no point's own number."""
    return f"{state.ended} of {state.total} ended"


def _counts(state: GridState) -> str:
    counted = {
        "done": state.counts["done"],
        "done before": state.counts["done before"],
        "running": len(state.running),
        "waiting": state.waiting,
        "running elsewhere": state.counts["running elsewhere"],
        "diverged": state.counts["diverged"] + state.counts["diverged before"],
        "failed": state.counts["failed"] + state.counts["lost"],
    }
    parts = [f"{count} {name}" for name, count in counted.items() if count or name in ("done", "running", "waiting")]
    return ", ".join([*parts, f"{number(round(state.steps_per_second, 1))} steps/s"])


def _point_row(point: RunningPoint, *, name_metric: bool) -> tuple[RenderableType, ...]:
    at = point.progress
    if at is None:
        return Text(point.name), "", "beginning", "", ""
    left = "" if at.seconds_left is None else duration(at.seconds_left)
    bar = ProgressBar(total=at.total_steps, completed=at.step, width=_POINT_BAR_WIDTH)
    value = "" if at.validation is None else number(at.validation)
    named = f"{metric_in_words(at.metric)} {value}" if name_metric and value else value
    return Text(point.name), bar, f"{at.step:,}", named, left

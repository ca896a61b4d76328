"""Show a training in progress: a live display in a terminal, plain lines elsewhere, nothing if quiet."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

from rich.console import Console
from rich.live import Live

from spectral_bench.report.numbers import duration, number
from spectral_bench.runs.field_words import metric_in_words
from spectral_bench.training.observer import Observer, Update
from spectral_bench.ui.training_panel import TrainingPanel
from spectral_bench.ui.training_state import TrainingState

#: Seconds between two refreshes of the live display; one takes a few milliseconds.
_REFRESH = 0.5

#: Shortest and longest time in seconds between two plain lines; in between, a tenth of the elapsed time.
_SHORTEST, _LONGEST = 5.0, 60.0


def open_display(console: Console, title: str, *, quiet: bool = False) -> AbstractContextManager[Observer]:
    """The display that suits the console, a context manager that removes its drawing at the end.

    Args:
        console: where to draw.
        title: what is being trained, in a few words.
        quiet: draw nothing.
    """
    if quiet:
        return nullcontext(Observer())
    return LiveDisplay(console, title) if console.is_terminal else PlainDisplay(console, title)


class LiveDisplay(TrainingPanel):
    """A panel that is redrawn in place while a model trains.

    Used as a context manager. After a successful training it disappears, so that the results take its place; otherwise
    it stays.
    """

    def __init__(self, console: Console, title: str) -> None:
        super().__init__(title)
        self._live = Live(console=console, auto_refresh=False, get_renderable=self.render)
        self._next_refresh = 0.0

    def __enter__(self) -> LiveDisplay:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.transient = kind is None
        self._live.stop()

    def on_update(self, update: Update) -> None:
        """Redraws, at most every half second."""
        super().on_update(update)
        now = time.monotonic()
        if now >= self._next_refresh:
            self._live.refresh()
            self._next_refresh = now + _REFRESH


class PlainDisplay(TrainingState):
    """A line now and then, for log files and pipes; before the first one, what is trained and its baseline."""

    def __init__(self, console: Console, title: str) -> None:
        super().__init__()
        self._console = console
        self._title = title
        self._next_line = 0.0
        self._has_heading = False

    def __enter__(self) -> PlainDisplay:
        self._next_line = time.monotonic() + _SHORTEST
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to remove."""

    def on_update(self, update: Update) -> None:
        """Write a line if it is time for one."""
        super().on_update(update)
        now = time.monotonic()
        if now >= self._next_line:
            for line in [self.line()] if self._has_heading else [self.heading(), self.line()]:
                self._console.print(line, soft_wrap=True, highlight=False, markup=False)
            self._has_heading = True
            self._next_line = now + min(max(_SHORTEST, 0.1 * self.seconds_since_start()), _LONGEST)

    def heading(self) -> str:
        """What is trained, the metric that the lines mean by ``validation``, and the baseline."""
        plan = self._known_plan()
        baseline = f", baseline {number(plan.baseline.value)} ({plan.baseline.of})" if plan.baseline else ""
        return f"{self._title}: validation is {metric_in_words(plan.metric.name)}{baseline}"

    def line(self) -> str:
        """The current state in about 100 characters; of several layers, the gradient that is smallest at t = 0."""
        parts = [f"step {self.step}/{self._known_plan().total_steps}", f"loss {number(self.loss)}"]
        if "validation" in self.latest:
            parts.append(f"validation {number(self.latest['validation'].metric)}")
        if self.gradients:
            first, last = min(self.gradients.values())
            parts.append(f"gradient {first:.0e} to {last:.0e}")
        if self.margin is not None:
            parts.append(f"margin {number(self.margin)}")
        parts.append(f"{number(self.samples_per_second())}/s")
        if (left := self.seconds_left()) is not None:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)

"""How a grid stands while it runs, from the files of its runs alone: so its workers may be on any host."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult, PointState
from spectral_bench.runs.layout import CLAIMS
from spectral_bench.runs.run_lookup import newest_named
from spectral_bench.runs.session_progress import SessionProgress

#: What is told of points that have not come to an end.
_NO_END: tuple[PointState, ...] = ("stopped", "not reached", "running elsewhere", "submitted")


@dataclass(frozen=True)
class RunningPoint:
    """A point at which a process is at work.

    Attributes:
        name: of the point.
        progress: how far it has come; None: it has just begun.
    """

    name: str
    progress: SessionProgress | None


@dataclass(frozen=True)
class GridState:
    """How a grid stands.

    Attributes:
        total: points in all.
        counts: how many points ended how.
        running: points at work, wherever that is.
        steps_per_second: updates a second of all of them.
        seconds: since the grid was started.
        seconds_left: until it ends, at this pace; None: too early to tell.
    """

    total: int
    counts: Counter[PointState]
    running: list[RunningPoint]
    steps_per_second: float
    seconds: float
    seconds_left: float | None

    @property
    def ended(self) -> int:
        """Points that came to an end, whenever and however; none that was stopped, or never begun here."""
        return self.counts.total() - sum(self.counts[state] for state in _NO_END)

    @property
    def waiting(self) -> int:
        """Points that neither ended nor run."""
        return max(0, self.total - self.counts.total() - len(self.running))


class GridWatch:
    """Follows a grid.

    Args:
        points: all of them.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self._open = {point.name: point for point in points}
        self._total = len(points)
        self._counts: Counter[PointState] = Counter()
        self._seconds: dict[PointState, list[float]] = {"done": [], "diverged": []}  # of the points trained here
        self._began = time.monotonic()

    def note(self, result: PointResult) -> None:
        """A point ended."""
        self._open.pop(result.point, None)
        self._counts[result.state] += 1
        if result.state in self._seconds:
            self._seconds[result.state].append(result.seconds)

    def look(self) -> GridState:
        """How it stands now."""
        running = self._running()
        seconds = time.monotonic() - self._began
        progress = [point.progress for point in running if point.progress is not None]
        worked = self._points_worked(progress)
        open_work = len(self._open) - sum(at.step / max(at.total_steps, 1) for at in progress)
        left = seconds * open_work / worked if worked else None
        pace = sum(at.steps_per_second for at in progress)
        return GridState(self._total, Counter(self._counts), running, pace, seconds, left)

    def _points_worked(self, running: Sequence[SessionProgress]) -> float:
        """How many points' training has been done here; a run that diverged at once is next to nothing of one."""
        done, diverged = self._seconds["done"], self._seconds["diverged"]
        whole = [*done, *(at.total_steps / at.steps_per_second for at in running if at.steps_per_second)]
        if not whole:
            return 0.0
        typical = sum(whole) / len(whole)
        parts = sum((at.step - at.first_step) / max(at.total_steps, 1) for at in running)
        return len(done) + parts + sum(min(1.0, seconds / typical) for seconds in diverged)

    def _running(self) -> list[RunningPoint]:
        points = list(self._open.values())  # the results come in another thread
        claims: dict[Path, set[str]] = {}
        running = []
        for point in points:
            results = point.results_dir
            if results not in claims:
                try:
                    claims[results] = {path.name for path in (results / CLAIMS).iterdir()}
                except OSError:
                    claims[results] = set()
            if str(point.key) in claims[results]:
                place = results / point.config["task"]["name"] / point.config["model"]["name"]
                directory = newest_named(place, point.key)
                progress = None if directory is None else SessionProgress.read(directory)
                running.append(RunningPoint(point.name, progress))
        return running

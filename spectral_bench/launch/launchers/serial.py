"""``launcher=serial``: one point after the other, in this process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

from spectral_bench.launch.launcher import LAUNCHERS
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import OWN_CAUSES, PointResult, Treatment, work_on
from spectral_bench.training.observer import Observer
from spectral_bench.training.stop import Stop


@dataclass(frozen=True)
class SerialConfig:
    """Configuration of the serial launcher."""

    name: str


@LAUNCHERS.register("serial")
class SerialLauncher:
    """Trains the points in this process.

    Attributes:
        display: what draws the training of a point.
    """

    Config: ClassVar[type[SerialConfig]] = SerialConfig

    def __init__(self, config: SerialConfig) -> None:
        del config
        self.display: Callable[[Point], AbstractContextManager[Observer]] = lambda _: nullcontext(Observer())

    def check(self, points: Sequence[Point]) -> None:
        """Nothing that could be missing."""

    def room(self, point: Point) -> int:
        """One: this process."""
        del point
        return 1

    def run(self, points: Sequence[Point], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
        """Run the points in their order; see ``Launcher.run``."""
        for point in points:
            if stop.cause is not None:
                yield PointResult(point.name, "not reached")
                continue
            with self.display(point) as display:
                result = work_on(point, treatment, [display])
            if result.stop_cause not in (None, *OWN_CAUSES):
                stop.ask_by_signal(str(result.stop_cause))
            yield result

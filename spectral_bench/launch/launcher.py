"""What a launcher is, and the registry of launchers.

A launcher is one file in ``launch/launchers/`` and one yaml in ``conf/launcher/``. It says where the points of a grid
run; what happens to each of them is ``worker.work_on``, everywhere the same. Which points are tried again, and what a
grid comes to, is decided by whoever calls ``run``, for all launchers alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Protocol

from spectral_bench.config.registry import Registry
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.training.stop import Stop


class Launcher(Protocol):
    """Runs points somewhere.

    Registered as ``@LAUNCHERS.register("name")``, the ``name`` of its yaml file, and constructed with its
    configuration alone, an instance of ``Config``: a frozen dataclass without defaults, one field a key of the yaml,
    ``name`` among them, whose ``__post_init__`` refuses wrong values by ``InputError``.
    """

    Config: ClassVar[type[Any]]

    def check(self, points: Sequence[Point]) -> None:
        """See that the points can be run here, before anything is written.

        Raises:
            InputError: what it needs is not installed (the message says what installs it), not there, or does not
                suit the points (``results_dir`` cannot be seen by the workers).
        """
        ...

    def room(self, point: Point) -> int | None:
        """Trainings like this one that the launcher runs at the same time; None if only its engine knows."""
        ...

    def run(self, points: Sequence[Point], treatment: Treatment, stop: Stop) -> Iterator[PointResult]:
        """Run points, and yield the result of each exactly once, as they end, in any order.

        Called several times for one grid: points that failed or were held are handed in again. Of a point whose
        worker died the result is ``lost``; of one that was never handed out because of ``stop`` it is ``not reached``.

        Called in the main thread, where signals become requests to ``stop``: check ``stop.cause`` several times a
        second. From then on nothing new is begun, every worker gets that signal once (``work_on`` then writes a
        checkpoint and returns ``stopped``), and the iteration ends when the workers have. If the generator is closed
        earlier (a second signal), workers are ended at once.

        Raises:
            SpectralBenchError: the engine itself failed.
        """
        ...


#: By ``launcher.name``. Import it from ``spectral_bench.launch.launchers``, where all of them are registered.
LAUNCHERS: Registry[Any] = Registry("launcher.name")

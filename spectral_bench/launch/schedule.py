"""Which points of a grid run when, for all launchers alike: every point once, and some of them again."""

from collections.abc import Callable, Iterator, Sequence

from spectral_bench.launch.launcher import Launcher
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult, Treatment
from spectral_bench.training.stop import Stop

#: How often a point whose worker died is tried again, whatever was asked for: it did not fail by itself.
LOST_RETRIES = 1

#: Exit codes of failures that come again: wrong input, and data that is missing.
_LASTING = (2, 3)


def run_points(
    points: Sequence[Point],
    launcher: Launcher,
    treatment: Treatment,
    stop: Stop,
    retries: int = 0,
    on_retry: Callable[[PointResult], object] = lambda _: None,
) -> Iterator[PointResult]:
    """Run every point, and yield how it ended, once for each, in the order in which they end.

    Those that failed are tried again when the others are through. Those held by another process are looked at again
    after that: they may be done by then, or left by a process that died.

    Args:
        points: all points of the grid.
        launcher: runs them.
        treatment: of what is done or begun, and threads.
        stop: asked by signals; what has not begun by then is ``not reached``.
        retries: how often a point that failed is tried again.
        on_retry: is handed the result of a point that will be tried again.

    Raises:
        SpectralBenchError: the launcher's engine failed.
    """
    by_name = {point.name: point for point in points}
    tries: dict[str, int] = {}
    pending, held = list(points), list[Point]()
    looked_again = False
    while pending:
        repeated: list[Point] = []
        for result in launcher.run(pending, treatment, stop):
            point = by_name[result.point]
            if stop.cause is None and tries.get(point.name, 0) < _allowed(result, retries):
                tries[point.name] = tries.get(point.name, 0) + 1
                repeated.append(point)
                on_retry(result)
            elif result.state == "running elsewhere" and not looked_again and stop.cause is None:
                held.append(point)
            else:
                yield result
        pending = repeated
        if not pending and held:
            pending, held, looked_again = held, [], True


def _allowed(result: PointResult, retries: int) -> int:
    """How often a point that ended like this may be tried again."""
    if result.state == "lost":
        return max(retries, LOST_RETRIES)
    return retries if result.state == "failed" and result.exit_code not in _LASTING else 0

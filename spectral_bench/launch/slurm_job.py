"""What one job of Slurm does: train some points, and ask to be queued again when its time is up."""

import signal
from collections.abc import Sequence
from typing import Any

from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import OWN_CAUSES, PointResult, Treatment, work_on

#: Sent by Slurm before the end of a job's time. ``runs.interruption`` turns it into a checkpoint.
TIME_IS_UP = "SIGUSR1"


class SlurmJob:
    """Trains points one after the other; submitit calls it in the job, pickled.

    Args:
        points: to be trained.
        treatment: how.
    """

    def __init__(self, points: Sequence[Point], treatment: Treatment) -> None:
        self.points = tuple(points)
        self.treatment = treatment

    def __call__(self) -> list[PointResult]:
        """The results of all points, unless the job is queued again: then they come when it ends the next time."""
        results: list[PointResult] = []
        stopped = False
        for number, point in enumerate(self.points, start=1):
            if stopped:
                results.append(PointResult(point.name, "not reached"))
                continue
            result = work_on(point, self.treatment)
            results.append(result)
            if result.stop_cause == TIME_IS_UP and (result.state == "stopped" or number < len(self.points)):
                # While it trained, the signal was a request for a checkpoint. Now it goes to the handler of submitit,
                # which queues the job again and ends this process.
                signal.raise_signal(signal.Signals[TIME_IS_UP])
            stopped = result.stop_cause not in (None, *OWN_CAUSES)
        return results

    def checkpoint(self) -> Any:
        """What submitit is to run when the job starts again."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

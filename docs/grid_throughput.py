"""Times grids: two local workers against one process, what a launcher costs a point, and finding a point among 10,000.

Run as ``python docs/grid_throughput.py`` on a quiet machine with at least two cores; it takes some minutes.
"""

import tempfile
import time
from pathlib import Path

from spectral_bench.launch.launcher import Launcher
from spectral_bench.launch.launchers.local import LocalLauncher
from spectral_bench.launch.launchers.serial import SerialLauncher
from spectral_bench.launch.point import compose_grid
from spectral_bench.launch.schedule import run_points
from spectral_bench.launch.worker import Treatment
from spectral_bench.runs.point_claim import standing_of
from spectral_bench.training.stop import Stop

POINTS, WORKERS, OTHERS = 200, 2, 10_000

GRID = ["task=copy", "task.length=50", "model.hidden_size=64", "train.steps=50", f"seed=range(0,{POINTS})"]


def timed_grid(launcher: Launcher, workers: int) -> float:
    """Run the grid in a folder of its own, print what it took, and return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        points = compose_grid([*GRID, f"results_dir={folder}"]).points
        composed = time.perf_counter()
        results = list(run_points(points, launcher, Treatment(), Stop()))
        seconds = time.perf_counter() - began
    assert {result.state for result in results} == {"done"}  # noqa: S101
    trained = sum(result.seconds for result in results) / workers
    overhead = 1000 * (seconds - trained) / POINTS
    share = 1000 * (composed - began) / POINTS
    print(f"{type(launcher).__name__}: {seconds:.1f} s, {overhead:.1f} ms a point ({share:.1f} of them to compose it)")
    return seconds


def time_lookup() -> None:
    """Find a configuration in a folder with many other runs."""
    with tempfile.TemporaryDirectory() as folder:
        (config,) = compose_grid(["task=copy", "model=svdrnn", f"results_dir={folder}"]).experiments
        for number in range(OTHERS):
            Path(folder, "copy", "svdrnn", f"20260101-000000-{number:012x}-seed0-{number:06x}").mkdir(parents=True)
        began = time.perf_counter()
        standing_of(config)
        print(f"a point among {OTHERS:,} runs: {1000 * (time.perf_counter() - began):.1f} ms")


if __name__ == "__main__":
    time_lookup()
    serial = timed_grid(SerialLauncher(SerialLauncher.Config(name="serial")), 1)
    local = timed_grid(LocalLauncher(LocalLauncher.Config(name="local", workers=WORKERS, per_gpu=1)), WORKERS)
    print(f"{WORKERS} local workers: {serial / local:.2f} times the throughput of one process")

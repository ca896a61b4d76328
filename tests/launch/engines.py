"""Real engines for the tests: the Slurm that answers here, and a Ray of two nodes on this host."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

import pytest
from small_runs import SMALL, TASK_OPTIONS

#: Begins with what ``.ci/run`` looks for: there no test of an engine may be skipped.
NO_SLURM = "no engine: no Slurm answers; .ci/slurm starts one"

#: Of a training that takes seconds, so that something can happen to it, and writes a checkpoint several times a second.
LONG = ["train.steps=1500", "train.checkpoint_every=100", "train.evaluate_every=500", "trace.every=500"]

#: Two nodes with a CPU each; ends with its standard input.
RAY_OF_TWO_NODES = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
second = cluster.add_node(num_cpus=1)
(raylet,) = second.all_processes["raylet"]
print(cluster.address, raylet.process.pid, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@cache
def slurm_answers() -> bool:
    """Whether there is a Slurm with a node that takes jobs; of a busy one, it is asked once more."""
    ask = ["sinfo", "--noheader", "--states=idle,alloc,mixed"]
    for _ in range(2 if which("sinfo") else 0):
        with suppress(subprocess.TimeoutExpired):
            found = subprocess.run(ask, capture_output=True, text=True, timeout=60)
            if found.returncode == 0 and found.stdout.strip():
                return True
    return False


@dataclass(frozen=True)
class RayOfTwoNodes:
    """A running cluster.

    Attributes:
        address: of its head.
        raylet: the process that is the second node.
    """

    address: str
    raylet: int


@contextmanager
def ray_of_two_nodes() -> Iterator[RayOfTwoNodes]:
    """Start a cluster, and end it with the block."""
    pytest.importorskip("ray", reason="no engine: Ray is not installed")
    quiet = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", RAY_OF_TWO_NODES], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env=quiet,
    ) as cluster:  # fmt: skip
        assert cluster.stdout is not None
        address, raylet = cluster.stdout.readline().split()
        yield RayOfTwoNodes(address, int(raylet))


def grid_command(results: Path, *words: str) -> list[str]:
    """What starts a grid of small trainings."""
    small = ["task=copy", *SMALL, *TASK_OPTIONS["copy"]]
    return [sys.executable, "-m", "spectral_bench", "run", "-m", f"results_dir={results}", *small, *words]


def run_grid_of(results: Path, *words: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """A grid, to its end."""
    return subprocess.run(grid_command(results, *words), capture_output=True, text=True, timeout=timeout)


def metrics_of(results: Path) -> dict[tuple[str, str], str]:
    """The metrics of every run by model and seed, without the time columns; each has one run."""
    found = {}
    for run in results.glob("copy/*/[!.]*"):
        key = run.parent.name, run.name.rpartition("-")[0].rpartition("-")[2]
        assert key not in found, f"{key} was trained twice"
        lines = (run / "metrics.csv").read_text().splitlines()
        found[key] = "\n".join(line.rsplit(",", 2)[0] for line in lines)
    return found

"""How a configuration stands in a folder of results, and taking it, so that two processes never train the same.

A claim is a file ``results_dir/.claims/DIGEST-seedN``, made with ``O_EXCL``, which is atomic on local disks and on NFS
from version 3 on; no lock of the file system is needed. It names its owner, who touches it now and then. The claim of a
dead owner is taken over: of one on this host when the process is gone, of one on another host when there was no sign of
life for ten minutes (``owner.SILENCE``).
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.runs.claim_file import HeldError, give_claim_back, living_owner, take_claim
from spectral_bench.runs.directory import cannot_write
from spectral_bench.runs.layout import CLAIMS
from spectral_bench.runs.lock import living_worker
from spectral_bench.runs.owner import heartbeat
from spectral_bench.runs.run_lookup import PointKey, runs_of_point

#: How a configuration stands. ``running``: a living process is at work on it. ``unfinished``: it was stopped or killed.
RecordedState = Literal["new", "running", "unfinished", "done", "diverged", "failed"]


@dataclass(frozen=True)
class Standing:
    """How a configuration stands.

    Attributes:
        state: in a word.
        directory: of the run that says so; None for a new one, and for one whose owner has not made it yet.
        holder: the process at work, in words; empty unless it is running.
    """

    state: RecordedState
    directory: Path | None = None
    holder: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether its result is there: training it again would give the same."""
        return self.state in ("done", "diverged")


def standing_of(config: ExperimentConfig, again: str | None = None) -> Standing:
    """How a configuration stands, from its folder of results alone; nothing is written.

    Args:
        config: the configuration.
        again: the mark of a grid that trains everything anew: of runs at which nobody is at work, those with this mark
            count, and no others. No clock is asked, for those of two hosts differ. None: all runs count.
    """
    key = PointKey.of(config)
    recorded = _recorded_standing(config, key, again)
    if recorded.state in ("done", "running"):
        return recorded
    holder = living_owner(_claim_file(config, key))
    return recorded if holder is None else Standing("running", recorded.directory, str(holder))


@contextmanager
def claimed(config: ExperimentConfig, again: str | None = None) -> Iterator[Standing]:
    """Take a configuration for this process, and give it back at the end of the block.

    Args:
        config: the configuration.
        again: see ``standing_of``.

    Yields:
        How it stands, now that nobody else can change it; never ``running``.

    Raises:
        HeldError: a living process is at work on it.
        InputError: ``results_dir`` is not a directory or is not writable.
        StorageError: it cannot be written: the disk is full, read-only or gone.
    """
    key = PointKey.of(config)
    file, token = _claim_file(config, key), secrets.token_hex(8)
    try:
        take_claim(file, token)
    except OSError as error:
        raise cannot_write(config.results_dir, file, error) from error
    try:
        with heartbeat(file):
            standing = _recorded_standing(config, key, again)
            if standing.state == "running":  # by a run that was started without a grid, or by `resume`
                raise HeldError(f"{standing.directory}: {standing.holder}, is at work on this run.")
            yield standing
    finally:
        give_claim_back(file, token)


def _recorded_standing(config: ExperimentConfig, key: PointKey, again: str | None) -> Standing:
    """What the run directories say: one that is done counts before one at work, and that before the newest other."""
    newest: Standing | None = None
    running: Standing | None = None
    for run in runs_of_point(config, key):
        worker = living_worker(run.directory, run.manifest)
        match run.manifest.status:
            case "running" if worker is not None:
                running = running or Standing("running", run.directory, str(worker))
            case _ if again not in (None, run.manifest.content.get("again")):
                continue
            case "completed":
                return Standing("done", run.directory)
            case "diverged" | "failed" as ended:
                newest = newest or Standing(ended, run.directory)
            case _:
                newest = newest or Standing("unfinished", run.directory)
    return running or newest or Standing("new")


def _claim_file(config: ExperimentConfig, key: PointKey) -> Path:
    return config.results_dir / CLAIMS / str(key)

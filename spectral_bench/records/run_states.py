"""How every run below a folder stands: at work and how far, killed without a word, or ended; and its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spectral_bench.errors import DataError
from spectral_bench.records.discovery import find_runs
from spectral_bench.runs.claim_file import dead_claims
from spectral_bench.runs.layout import CLAIMS, Status
from spectral_bench.runs.lock import living_worker
from spectral_bench.runs.manifest import Manifest
from spectral_bench.runs.owner import Owner
from spectral_bench.runs.removal import disk_use
from spectral_bench.runs.session_progress import SessionProgress

#: As a manifest says, but for ``killed``: it says ``running``, and its process is gone; and ``damaged``: it cannot be
#: read.
LiveStatus = Status | Literal["killed", "damaged"]


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    Attributes:
        directory: of the run.
        status: in a word.
        owner: the process that worked on it last; None: it is not recorded.
        progress: how far it has come, if a process is at work.
        bytes: of all its files.
    """

    directory: Path
    status: LiveStatus
    owner: Owner | None
    progress: SessionProgress | None
    bytes: int


def run_states(paths: Sequence[Path]) -> list[RunState]:
    """How every run at or below the paths stands, sorted by path.

    Raises:
        InputError: a path does not exist.
    """
    return [_state(found.directory) for found in find_runs(paths)]


def stale_claims(paths: Sequence[Path], states: Sequence[RunState]) -> dict[Path, Owner | None]:
    """The claims of dead processes in these folders of results; whoever comes next takes them over."""
    folders = {path.resolve() for path in paths} | {
        state.directory.parents[2] for state in states if len(state.directory.parents) > 2
    }
    return {file: owner for folder in sorted(folders) for file, owner in dead_claims(folder / CLAIMS).items()}


def _state(directory: Path) -> RunState:
    size = disk_use(directory)
    try:
        manifest = Manifest.read(directory)
    except DataError:
        return RunState(directory, "damaged", None, None, size)
    owner = Owner.read(manifest.content.get("owner"))
    if manifest.status != "running":
        return RunState(directory, manifest.status, owner, None, size)
    if living_worker(directory, manifest) is None:
        return RunState(directory, "killed", owner, None, size)
    return RunState(directory, "running", owner, SessionProgress.read(directory), size)

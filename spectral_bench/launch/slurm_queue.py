"""Slurm's queue, asked and told by Slurm's own commands."""

import os
import re
import subprocess
from collections.abc import Iterable, Sequence

from spectral_bench.errors import SpectralBenchError

#: Seconds within which a command must answer: on a busy cluster it may take a minute.
_PATIENCE = 120

#: States in which a job is over, though the queue still lists it for some minutes.
_OVER = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "REVOKED",
    "TIMEOUT",
}

#: What a cluster allows that does not say.
_USUAL_ARRAY = 1001


class SlurmError(SpectralBenchError):
    """A command of Slurm failed; the message is Slurm's."""


def slurm(*command: str) -> str:
    """What a command of Slurm prints.

    Raises:
        SlurmError: it failed, or does not answer.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        reason = _error_text(error.stderr) or _error_text(error.stdout) or f"exit code {error.returncode}"
        raise SlurmError(f"{command[0]}: {reason}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlurmError(f"{command[0]} does not answer: {error}.") from error
    return done.stdout


def check_controller() -> None:
    """See that Slurm answers at all, which commands that want something of it would find out after many tries.

    Raises:
        SlurmError: it does not.
    """
    try:
        slurm("scontrol", "ping")
    except SlurmError as error:
        raise SlurmError(
            f"launcher=slurm: Slurm is installed, but `scontrol ping` reaches no controller ({error}). Is this a host "
            "of the cluster, and is SLURM_CONF its configuration? launcher=local needs none."
        ) from error


def living_jobs() -> set[str]:
    """The numbers of this user's jobs that wait or run, ``12`` or ``12_3`` for one of an array."""
    lines = slurm("squeue", "--noheader", "--array", f"--user={os.getuid()}", "--format=%i %T").splitlines()
    return {job for job, state in map(str.split, lines) if state not in _OVER}


def largest_array() -> int:
    """Jobs that one array may have."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", slurm("scontrol", "show", "config"), re.MULTILINE)
    return int(match[1]) if match else _USUAL_ARRAY


def stop_jobs(jobs: Iterable[str], signal_name: str) -> None:
    """Take waiting jobs out of the queue, and send running ones a signal (``SIGTERM``)."""
    arrays = _arrays(jobs)
    slurm("scancel", "--quiet", "--state=PENDING", *arrays)
    slurm("scancel", "--quiet", "--state=RUNNING", f"--signal={signal_name}", *arrays)


def cancel_jobs(jobs: Iterable[str]) -> None:
    """End jobs, waiting or running, as ``scancel`` does."""
    slurm("scancel", "--quiet", *_arrays(jobs))


def _arrays(jobs: Iterable[str]) -> Sequence[str]:
    """The numbers of whole arrays: thousands of jobs need few words."""
    return list(dict.fromkeys(job.partition("_")[0] for job in jobs))


def _error_text(output: str) -> str:
    """The lines that say something, without Slurm's prefixes and frames."""
    lines = (re.sub(r"^\w+: ((error|fatal): )?", "", line).strip() for line in output.splitlines())
    return "; ".join(line for line in dict.fromkeys(lines) if line and not line.startswith("*"))

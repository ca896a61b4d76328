"""The environment of a run: versions, hardware, threads, and the state of the source."""

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from spectral_bench.training.denormals import flushing_denormals, treatment_of_denormals

PACKAGES = ("spectral-bench", "torch", "torchvision", "numpy", "pandas", "pyarrow", "hydra-core", "omegaconf")


def describe_environment(device: torch.device, flush_denormals: bool) -> dict[str, Any]:
    """Everything that can change a number besides configuration and seed.

    Args:
        device: where the run computes.
        flush_denormals: whether denormal numbers are to be flushed; not every processor can.
    """
    with flushing_denormals(flush_denormals):
        denormals = treatment_of_denormals()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "git": source_commit(),
        "hardware": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "accelerator": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        },
        "threads": torch.get_num_threads(),
        "denormals": denormals,
    }


def environment_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The entries of ``describe_environment`` that have changed, a line each."""
    if "denormals" not in then:  # recorded later than train.flush_denormals, which asks for the same then and now
        now = {key: value for key, value in now.items() if key != "denormals"}
    unknown = [key for key in now if isinstance(now[key], Mapping) and not isinstance(then.get(key), Mapping)]
    before, after = (_flat({key: facts.get(key) for key in now if key not in unknown}) for facts in (then, now))
    return [f"{key}: not recorded then" for key in unknown] + [
        f"{key}: {before.get(key)} then, {after.get(key)} now"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(facts: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        flat |= _flat(value, f"{path}{key} ") if isinstance(value, Mapping) else {f"{path}{key}": value}
    return flat


@cache
def source_commit() -> dict[str, Any] | None:
    """Commit of the checkout this package runs from and whether it has uncommitted changes; None for a wheel.

    As it was when the process first asked: a grid goes on with the code that it began with, whatever is checked out.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    return _state(root, "--", "spectral_bench", "conf")


def working_repository() -> dict[str, Any] | None:
    """Commit of the repository the command is run from, and whether tracked files are changed; None: there is none.

    The configurations and plugins of a run may lie there. What is not tracked does not count: results would.
    """
    try:
        return _state(Path.cwd(), "--untracked-files=no")
    except OSError:  # the folder is gone
        return None


def _state(folder: Path, *of_status: str) -> dict[str, Any] | None:
    """The commit of the repository around a folder, and whether it is ``dirty``: None where that cannot be told."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", *of_status)
    return None if commit is None else {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    # Variables such as GIT_DIR, which hooks set, name another repository than the one this folder belongs to.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            env=kept,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

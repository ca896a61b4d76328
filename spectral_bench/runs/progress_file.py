"""Writes how far a session has come into a small file of its run directory."""

import json
import math
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from spectral_bench.runs.layout import PROGRESS
from spectral_bench.runs.session_progress import SessionProgress
from spectral_bench.training.observer import EndStatus, Measurement, Observer, Plan, RunIdentity, Update

#: Seconds between two writes.
_INTERVAL = 1.0


class ProgressFile(Observer):
    """Writes the file, at most once a second. It is gone when the session ends, and never stands in the way of a run.

    Args:
        directory: of the run.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / PROGRESS
        self._plan: Plan | None = None
        self._began = self._next = 0.0
        self._validation: float | None = None

    def on_start(self, plan: Plan, run: RunIdentity) -> None:  # noqa: ARG002
        """Write that the session begins."""
        self._plan, self._began = plan, time.monotonic()
        self._write(plan.first_step)

    def on_update(self, update: Update) -> None:
        """Write if it is time to."""
        if time.monotonic() >= self._next:
            self._write(update.step)

    def on_measurement(self, measurement: Measurement) -> None:
        """Keep what is measured on the validation split."""
        if measurement.split == "validation":
            self._validation = measurement.metric if math.isfinite(measurement.metric) else None

    def on_end(self, status: EndStatus) -> None:  # noqa: ARG002
        """Remove the file."""
        with suppress(OSError):
            self._path.unlink()

    def _write(self, step: int) -> None:
        plan, now = self._plan, time.monotonic()
        if plan is None:
            return
        self._next = now + _INTERVAL
        progress = SessionProgress(
            step, plan.first_step, plan.total_steps, now - self._began, plan.metric.name, self._validation
        )
        written = self._path.with_name(f"{self._path.name}.tmp")
        with suppress(OSError):  # a full disk, which the recorder reports
            written.write_text(json.dumps(asdict(progress), allow_nan=False), encoding="utf-8")
            written.replace(self._path)

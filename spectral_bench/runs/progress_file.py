"""How far a run has come, in a small file of its directory, for whoever watches it from elsewhere."""

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from spectral_bench.runs.layout import PROGRESS
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes
from spectral_bench.training.observer import EndStatus, Measurement, Observer, Plan, RunIdentity, Update

#: Seconds between two writes.
_INTERVAL = 1.0


@dataclass(frozen=True)
class SessionProgress:
    """How far a session has come.

    Attributes:
        step: updates made.
        first_step: of these in earlier sessions.
        total_steps: updates after which the run ends.
        seconds: since this session began.
        metric: the task's metric.
        validation: its last value on the validation split; None: it was not measured yet.
    """

    step: int
    first_step: int
    total_steps: int
    seconds: float
    metric: str
    validation: float | None

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """That of a run at which a process is at work; None if it has not begun, or the file cannot be read."""
        try:
            return cls(**parse_json(read_bytes(directory / PROGRESS, LARGEST_TEXT)))
        except (OSError, TypeError, ValueError):
            return None

    @property
    def steps_per_second(self) -> float:
        """Updates a second in this session, evaluations included."""
        return (self.step - self.first_step) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until the run ends, at this pace; None: too early to tell."""
        return (self.total_steps - self.step) / self.steps_per_second if self.steps_per_second else None


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
            self._validation = measurement.metric

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
        with suppress(OSError, ValueError):  # a full disk, which the recorder reports; a metric that JSON does not know
            written.write_text(json.dumps(asdict(progress), allow_nan=False), encoding="utf-8")
            written.replace(self._path)

"""How far a session of a run has come, as the process at work notes it for whoever watches from elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spectral_bench.runs.layout import PROGRESS
from spectral_bench.runs.safe_reading import LARGEST_TEXT, parse_json, read_bytes


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

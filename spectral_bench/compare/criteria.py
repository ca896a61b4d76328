"""The fields of a summary by which groups of runs are judged."""

from spectral_bench.records.collection import Mode
from spectral_bench.records.groups import Section

#: Fields by which groups may be judged, and whether less or more is better; None: as for the task's metric.
SCORES: dict[str, Mode | None] = {
    "test": None,
    "test_at_best": None,
    "best_validation": None,
    "validation": None,
    "train": None,
    "loss_test": "min",
    "best_step": "min",
    "steps_to_beat_baseline": "min",
    "solved_at": "min",
    "ms_per_step": "min",
    "wall_seconds": "min",
    "num_parameters": "min",
    "spectral_margin": "min",
}


def sense(section: Section, field: str) -> Mode:
    """Whether less or more of a field is better."""
    return SCORES[field] or section.mode


def score_name(section: Section, field: str) -> str:
    """A field in words: ``test accuracy``."""
    metric = section.metric or "metric"
    words = {
        "test": f"test {metric}",
        "test_at_best": f"test {metric} of the best weights",
        "best_validation": f"best validation {metric}",
        "validation": f"validation {metric}",
        "train": f"training {metric}",
        "loss_test": "test loss",
    }
    return words.get(field, field)

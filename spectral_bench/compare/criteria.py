"""The fields of a summary by which groups of runs are judged."""

from spectral_bench.records.groups import Section
from spectral_bench.runs.field_words import field_in_words
from spectral_bench.runs.layout import SUMMARY_FIELDS, Mode

#: Fields by which groups may be judged, and whether less or more is better; None: as for the task's metric.
SCORES: dict[str, Mode | None] = {
    field.name: None if field.sense == "metric" else field.sense for field in SUMMARY_FIELDS if field.sense is not None
}


def sense(section: Section, field: str) -> Mode:
    """Whether less or more of a field is better."""
    return SCORES[field] or section.mode


def more_is_better(field: str, mode: str) -> bool:
    """Whether more of a field of a summary is better: of what no run is judged by, it is not.

    Of such a field, a share of what is right, differences count. Orders of magnitude count of what is better when
    smaller (losses, times, sizes), and so do the logarithmic axes of figures.
    """
    return (SCORES.get(field, "min") or mode) == "max"


def score_name(section: Section, field: str) -> str:
    """What a field is called in words: ``test recall accuracy``."""
    return field_in_words(field, section.metric)

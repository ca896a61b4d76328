"""What metrics and fields of a summary are called where people read them: the same in tables, results and pictures."""

from collections.abc import Mapping

from spectral_bench.runs.layout import SUMMARY_FIELDS

#: Metrics whose name is an abbreviation.
_METRICS: Mapping[str, str] = {"mse": "mean squared error"}

_WORDS: Mapping[str, str] = {field.name: field.words for field in SUMMARY_FIELDS if field.words is not None}


def metric_in_words(name: str) -> str:
    """``recall accuracy`` for ``recall_accuracy``."""
    return _METRICS.get(name, name.replace("_", " "))


def field_in_words(field: str, metric: str | None = None) -> str:
    """What a field of a summary is called: ``test recall accuracy`` for ``test``.

    Args:
        field: its name; one that is of no summary is told by itself.
        metric: the name of the task's metric; None: unknown.
    """
    if field not in _WORDS:
        return field.replace("_", " ")
    return _WORDS[field].format(metric=metric_in_words(metric or "metric"))


def spoken_names(metric: str) -> dict[str, str]:
    """Fields by what people call them, in one word: ``accuracy`` and ``test_accuracy`` are ``test``.

    Args:
        metric: the name of the task's metric.
    """
    names = {field: {words.format(metric=metric), field_in_words(field, metric)} for field, words in _WORDS.items()}
    spoken = {name.replace(" ", "_"): field for field, several in names.items() for name in several}
    return {**spoken, metric: "test"}

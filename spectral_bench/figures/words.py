"""Keys, fields and metrics in the words of the field, for axes and titles."""

from collections.abc import Mapping, Sequence

from spectral_bench.runs.field_words import field_in_words
from spectral_bench.runs.layout import SUMMARY_FIELDS

#: Configuration keys that are not called what they are.
_KEYS: Mapping[str, str] = {
    "r": "sigma radius $r$",
    "optimizer.lr": "learning rate",
    "optimizer.name": "optimizer",
    "model.name": "model",
    "task.length": "length $T$",
    "task.dataset": "data set",
    "model.m": "reflectors $m$",
    "model.m1": "reflectors $m_1$",
    "model.m2": "reflectors $m_2$",
    "model.num_layers": "layers",
    "train.clip_norm": "gradient clipping norm",
    "train.batch_size": "batch size",
    "trace.of": "traced loss",
    "model.map": "map of $\\sigma$",
}

_FIELDS = {field.name for field in SUMMARY_FIELDS if field.words is not None}


def key_in_words(key: str, metric: str | None = None) -> str:
    """What a configuration key or a field of a summary is called on an axis.

    Args:
        key: its name.
        metric: the name of the task's metric.
    """
    if key in _FIELDS:
        return field_in_words(key, metric)
    return _KEYS.get(key) or key.rpartition(".")[2].replace("_", " ")


def after(step: int) -> str:
    """``after 1 training step``, ``after 1,000 training steps``."""
    return f"after {step:,} training step{'' if step == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; between names that hold a comma, semicolons."""
    *first, last = names
    between = "; " if any(", " in name for name in names) else ", "
    return f"{between.join(first)} and {last}" if first else last


def plain(words: str) -> str:
    """Words without the signs of mathematical type, for a terminal."""
    for sign, text in (("\\|", "|"), ("\\partial ", "d"), ("\\sigma", "σ"), ("\\;", " "), ("$", "")):
        words = words.replace(sign, text)
    return words

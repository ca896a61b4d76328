"""Keys, fields and metrics in the words of the field, for axes and titles."""

from collections.abc import Mapping

from spectral_bench.runs.layout import SUMMARY_FIELDS

#: Metrics whose name is an abbreviation.
_METRICS: Mapping[str, str] = {"mse": "mean squared error"}

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
    "train.clip_norm": "gradient norm clipped at",
    "train.batch_size": "batch size",
    "model.map": "map of $\\sigma$",
}

#: Fields of a summary that have no words of their own.
_FIELDS: Mapping[str, str] = {
    "best_step": "step of the best validation",
    "steps_to_beat_baseline": "steps to beat the baseline",
    "solved_at": "steps to solve",
    "num_parameters": "parameters",
    "ms_per_step": "ms per update",
    "wall_seconds": "seconds",
    "gradient_decay_rate": "gradient decay rate per step",
    "gradient_kept": "share of the gradient that arrives",
    "spectral_margin": "spectral margin",
    "not_finite": "updates not finite",
}

_OF_METRIC = {field.name: field.words for field in SUMMARY_FIELDS if field.words is not None}


def metric_in_words(name: str) -> str:
    """``recall accuracy`` for ``recall_accuracy``."""
    return _METRICS.get(name, name.replace("_", " "))


def key_in_words(key: str, metric: str | None = None) -> str:
    """What a configuration key or a field of a summary is called on an axis.

    Args:
        key: its name.
        metric: the name of the task's metric.
    """
    if key in _OF_METRIC:
        return _OF_METRIC[key].format(metric=metric_in_words(metric or "metric"))
    known = _KEYS.get(key) or _FIELDS.get(key)
    return known or key.rpartition(".")[2].replace("_", " ")


def plain(words: str) -> str:
    """Words without the signs of mathematical type, for a terminal."""
    for sign, text in (("\\|", "|"), ("\\partial ", "d"), ("\\sigma", "σ"), ("\\;", " "), ("$", "")):
        words = words.replace(sign, text)
    return words

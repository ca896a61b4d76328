"""How many runs are behind what a picture draws, and in what they differ besides the seed."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.plotted_runs import keys_apart, setting_of
from spectral_bench.figures.series import Series
from spectral_bench.figures.words import key_in_words, listed
from spectral_bench.records.run_record import Run

#: Up to this many runs are drawn as thin lines; of more, the range as a band.
THIN_LINES = 3

#: What the model is called among the keys.
_MODEL = "model"

#: So many keys are named.
_NAMED = 5


def keys_pooled(pools: Iterable[Sequence[Run]]) -> dict[str, int]:
    """The keys in which runs differ that are put together, with the number of their values; first the model.

    Keys of a model in which it differs from another are that model's nature, and count only within it.

    Args:
        pools: the runs behind each line, point or cell.
    """
    values: dict[str, set[str]] = {}
    for runs in pools:
        by_model: dict[str, list[Run]] = {}
        for run in runs:
            by_model.setdefault(run.model, []).append(run)
        if len(by_model) > 1:
            values.setdefault(_MODEL, set()).update(by_model)
        own = [key for members in by_model.values() for key in keys_apart(members)]
        shared = [key for key in keys_apart(runs) if not key.startswith("model.") and key != "r"]
        for key in dict.fromkeys([*own, *shared]):
            values.setdefault(key, set()).update(as_typed(setting_of(run).get(key)) for run in runs)
    return {key: len(found) for key, found in sorted(values.items(), key=lambda pair: (pair[0] != _MODEL, pair[0]))}


def about_pools(keys: Mapping[str, int]) -> list[str]:
    """The sentence of a figure, whether it has a caption or not: it shows means over these, too; none for no keys."""
    if not keys:
        return []
    named = [f"{key_in_words(key)} ({count} values)" for key, count in keys.items()][:_NAMED]
    more = len(keys) - len(named)
    others = [f"{more} more key{'s' * (more > 1)}"] if more else []
    return [f"Put together: runs that differ in {listed([*named, *others])}."]


def about_samples(
    curves: Iterable[Series], mean: str = "geometric", pooled: Mapping[str, int] | None = None
) -> list[str]:
    """The sentences of a caption that say what lines and bands are, and over how many runs.

    Args:
        curves: what is drawn.
        mean: which.
        pooled: the keys in which runs of a line differ: then a run is not a seed.
    """
    counts = _counts(curves)
    most = max((count for several in counts.values() for count in several), default=0)
    if not most:
        return []
    one = "run" if pooled else "seed"
    if most == 1:
        return [f"Lines: one {one} each."]
    spread = f"thin: each {one}" if most <= THIN_LINES else f"bands: from the smallest {one} to the largest"
    many, _ = counts_and_names(counts)
    return [f"Lines: {mean} means over {many} {one}s; {spread}."]


def names_with_counts(curves: Iterable[Series]) -> dict[str, str]:
    """The entries of a legend by the labels: where groups have different numbers of runs, each says how many."""
    _, names = counts_and_names(_counts(curves))
    return names


def counts_and_names(counts: Mapping[str, Collection[int]], *, legend: bool = True) -> tuple[str, dict[str, str]]:
    """How many runs a caption says means are over, and the entries of a legend by the labels.

    A caption says ``n`` only where the legend says for each label what n is.

    Args:
        counts: of the runs behind what is drawn, by its label.
        legend: whether there is one.

    Returns:
        ``3`` and the labels; for different counts ``n`` and ``rnn (n = 2)``, ``lstm (n = 1 to 3)``, or, without a
        legend, ``1 to 3``.
    """
    every = {count for several in counts.values() for count in several}
    if not legend:
        return _range_of(every), {}
    if len(every) < 2:
        return _range_of(every), {label: label for label in counts}
    return "n", {label: _with_count(label, _range_of(several)) for label, several in counts.items()}


def _counts(curves: Iterable[Series]) -> dict[str, set[int]]:
    """How many runs the curves of a label are of, those that have a point."""
    counts: dict[str, set[int]] = {}
    for series in curves:
        counts.setdefault(series.label, set()).update([series.runs] if len(series.x) else [])
    return counts


def _range_of(counts: Collection[int]) -> str:
    few, most = min(counts, default=0), max(counts, default=0)
    return str(most) if few == most else f"{few} to {most}"


def _with_count(label: str, count: str) -> str:
    """``rnn (n = 3)``, ``rnn (running, n = 3)``."""
    inner, closing, end = label.rpartition(")")
    return f"{inner}, n = {count})" if closing and not end else f"{label} (n = {count})"

"""How many runs are behind what a picture draws, and in what they differ besides the seed."""

from collections.abc import Iterable, Mapping, Sequence

from spectral_bench.config.keys import as_typed
from spectral_bench.figures.plotted_runs import keys_apart, setting_of
from spectral_bench.figures.series import Series
from spectral_bench.figures.words import key_in_words, listed
from spectral_bench.records.run_record import Run

#: Up to this many runs are drawn as thin lines; of more, the range as a band.
THIN_LINES = 3

#: So many keys are named.
_NAMED = 5


def keys_pooled(pools: Iterable[Sequence[Run]]) -> dict[str, int]:
    """The keys in which runs differ that are put together, with the number of their values.

    Args:
        pools: the runs behind each line, point or cell.
    """
    values: dict[str, set[str]] = {}
    for runs in pools:
        for key in keys_apart(runs):
            values.setdefault(key, set()).update(as_typed(setting_of(run).get(key)) for run in runs)
    return {key: len(found) for key, found in sorted(values.items())}


def about_pools(keys: Mapping[str, int]) -> list[str]:
    """The sentence of a figure, whether it has a caption or not: it shows means over these, too; none for no keys."""
    if not keys:
        return []
    named = [f"{key_in_words(key)} ({count} values)" for key, count in keys.items()][:_NAMED]
    more = len(keys) - len(named)
    return [f"Put together: runs that differ in {listed([*named, *([f'{more} more keys'] if more else [])])}."]


def about_samples(
    curves: Iterable[Series], mean: str = "geometric", pooled: Mapping[str, int] | None = None
) -> list[str]:
    """The sentences of a caption that say what lines and bands are, and over how many runs.

    Args:
        curves: what is drawn.
        mean: which.
        pooled: the keys in which runs of a line differ: then a run is not a seed.
    """
    counts = {series.runs for series in curves if len(series.x)}
    if not counts:
        return []
    one = "run" if pooled else "seed"
    most = max(counts)
    if most == 1:
        return [f"Lines: one {one} each."]
    spread = f"thin: each {one}" if most <= THIN_LINES else f"bands: from the smallest {one} to the largest"
    many = f"{most} {one}s" if len(counts) == 1 else f"n {one}s"
    return [f"Lines: {mean} means over {many}; {spread}."]


def names_with_counts(curves: Iterable[Series]) -> dict[str, str]:
    """The entries of a legend by the labels: where groups have different numbers of runs, each says how many."""
    counts: dict[str, int] = {}
    for series in curves:
        counts[series.label] = max(series.runs, counts.get(series.label, 0))
    if len(set(counts.values())) < 2:
        return {label: label for label in counts}
    return {label: with_count(label, str(count)) for label, count in counts.items()}


def with_count(label: str, count: str) -> str:
    """``rnn (n = 3)``, ``rnn (running, n = 3)``."""
    inner, closing, end = label.rpartition(")")
    return f"{inner}, n = {count})" if closing and not end else f"{label} (n = {count})"

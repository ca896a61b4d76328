"""Models compared over many data sets by their mean ranks (Demšar, 2006)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectral_bench.compare.criteria import sense
from spectral_bench.records.groups import Section

#: With fewer data sets or groups, a test of ranks has no power.
_FEWEST_DATASETS = 5
_FEWEST_GROUPS = 3

_ALPHA = 0.05


@dataclass(frozen=True)
class CriticalDifference:
    """Mean ranks over the data sets of a task.

    Attributes:
        task: name of the task.
        datasets: how many.
        ranks: mean rank of every group, 1 the best, in that order.
        friedman_p: of the hypothesis that all groups are alike.
        critical_difference: mean ranks further apart differ at 5 % (Nemenyi).
        cliques: maximal sets of groups that the test does not distinguish; single groups are not listed.
        left_out: groups that have no completed run with a value on some data set.
    """

    task: str
    datasets: int
    ranks: dict[str, float]
    friedman_p: float
    critical_difference: float
    cliques: list[list[str]]
    left_out: list[str]


def critical_differences(found: Sequence[Section], field: str) -> list[CriticalDifference]:
    """The ranks of every task with at least five data sets (or other settings) and three groups in all of them."""
    by_task: dict[str, list[Section]] = {}
    for section in found:
        by_task.setdefault(section.task, []).append(section)
    results = [_of_task(task, settings, field) for task, settings in by_task.items()]
    return [result for result in results if result is not None]


def _of_task(task: str, settings: Sequence[Section], field: str) -> CriticalDifference | None:
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    scores = []
    for section in settings:
        sign = -1.0 if sense(section, field) == "max" else 1.0
        means = {group.label: values for group in section.groups if group.completed and (values := group.values(field))}
        if means:
            scores.append({label: sign * sum(values) / len(values) for label, values in means.items()})
    every = sorted({label for means in scores for label in means})
    labels = [label for label in every if all(label in means for means in scores)]
    if len(scores) < _FEWEST_DATASETS or len(labels) < _FEWEST_GROUPS:
        return None
    table = np.array([[means[label] for label in labels] for means in scores])
    mean_ranks = rankdata(table, axis=1).mean(axis=0)
    ranks = {labels[position]: float(mean_ranks[position]) for position in np.argsort(mean_ranks, kind="stable")}
    count, datasets = len(labels), len(scores)
    quantile = float(studentized_range.ppf(1 - _ALPHA, count, np.inf)) / math.sqrt(2)
    critical = quantile * math.sqrt(count * (count + 1) / (6 * datasets))
    return CriticalDifference(
        task,
        datasets,
        ranks,
        _p(friedmanchisquare(*table.T).pvalue),
        critical,
        _cliques(ranks, critical),
        [label for label in every if label not in labels],
    )


def _p(value: float) -> float:
    """1 where every group has the same scores everywhere, which leaves the statistic undefined."""
    return 1.0 if math.isnan(value) else float(value)


def _cliques(ranks: dict[str, float], critical: float) -> list[list[str]]:
    labels = list(ranks)
    found: list[list[str]] = []
    for position, label in enumerate(labels):
        clique = [other for other in labels[position:] if ranks[other] - ranks[label] <= critical]
        if len(clique) > 1 and not any(set(clique) <= set(larger) for larger in found):
            found.append(clique)
    return found

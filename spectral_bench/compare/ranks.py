"""Models compared over many data sets by their mean ranks (Demšar, 2006)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_bench.compare.criteria import score_name
from spectral_bench.compare.scores import Scores, ranks, scores
from spectral_bench.errors import InputError
from spectral_bench.records.grouping import DATA_SET, TRAINED_FOR, differing_keys, settled
from spectral_bench.records.groups import Group, Section

#: With fewer data sets or groups, a test of ranks has no power.
_FEWEST_DATASETS = 5
_FEWEST_GROUPS = 3

_ALPHA = 0.05


@dataclass(frozen=True)
class DataSetRanks:
    """Groups over the data sets of a task, or over several tasks.

    Attributes:
        task: name of the task, and the setting where data sets were run in several; of several tasks, all names.
        judged_by: what groups are judged by on every data set, in words.
        scores: for every data set, what each group came to.
        ranks: mean rank of every group that was judged on all of them, 1 the best, in that order.
        by_data_set: the rank of each of these on every data set, in the order of ``scores``.
        left_out: groups without a judged run on some data set, and on which.
        mixed: groups whose configuration is not the same on all data sets, and the keys it differs in; of several tasks
            it is not expected to be.
        over_tasks: whether the data sets are those of several tasks.
    """

    task: str
    judged_by: dict[str, str]
    scores: dict[str, dict[str, Scores]]
    ranks: dict[str, float]
    by_data_set: dict[str, list[float]]
    left_out: dict[str, list[str]]
    mixed: dict[str, list[str]]
    over_tasks: bool = False


@dataclass(frozen=True)
class CriticalDifference:
    """Whether mean ranks over the data sets of a task, or over several tasks, may be luck.

    Attributes:
        task: name of the task, and the setting where data sets were run in several; of several tasks, all names.
        datasets: how many.
        ranks: mean rank of every group, 1 the best, in that order.
        friedman_p: of the hypothesis that all groups are alike.
        critical_difference: mean ranks further apart differ at 5 % (Nemenyi).
        cliques: maximal sets of groups that the test does not distinguish; single groups are not listed.
        left_out: groups without a judged run on some data set, and on which.
        mixed: groups whose configuration is not the same on all data sets, and the keys it differs in.
        over_tasks: whether the data sets are several tasks.
    """

    task: str
    datasets: int
    ranks: dict[str, float]
    friedman_p: float
    critical_difference: float
    cliques: list[list[str]]
    left_out: dict[str, list[str]]
    mixed: dict[str, list[str]]
    over_tasks: bool


def data_set_ranks(found: Sequence[Section], field: str) -> list[DataSetRanks]:
    """The ranks of every task with several data sets, and several groups in all of them.

    Two lengths of one task are no two data sets: they are not independent, and ranks over them would count one finding
    several times. So only sections of different data sets in the same setting are put together.
    """
    results = [_of_task(task, settings, field) for task, settings in _over_data_sets(found).items()]
    return [result for result in results if result is not None]


def ranks_over_tasks(found: Sequence[Section], field: str) -> DataSetRanks:
    """The ranks over several tasks, each of which counts as a data set.

    Raises:
        InputError: there are no two tasks, one was run in several settings, or no two groups are in all of them.
    """
    settings = Counter(section.task for section in found)
    named = ", ".join(f"{task} ({counted})" if counted > 1 else task for task, counted in settings.items())
    if len(settings) < 2 or len(found) > len(settings):
        raise InputError(
            "--over-tasks: expected two tasks or more, each in one setting, for settings of one are not independent; "
            f"found {named}. Choose some by --where, or by their folders."
        )
    ranked = _of_task(", ".join(settings), found, field, over_tasks=True)
    if ranked is None:
        raise InputError(f"--over-tasks: no two groups were run on all of {named}.")
    return ranked


def critical_differences(over_data_sets: Sequence[DataSetRanks]) -> list[CriticalDifference]:
    """Friedman's test and Nemenyi's, where there are at least five data sets and three groups in all of them."""
    return [
        _tested(one)
        for one in over_data_sets
        if len(one.scores) >= _FEWEST_DATASETS and len(one.ranks) >= _FEWEST_GROUPS
    ]


def dependent_tasks(found: Sequence[Section]) -> list[str]:
    """The tasks that have five settings or more and no data sets, over which there could be ranks."""
    counts = Counter(section.task for section in found if DATA_SET not in section.config)
    return [task for task, count in counts.items() if count >= _FEWEST_DATASETS]


def _over_data_sets(found: Sequence[Section]) -> dict[str, list[Section]]:
    """For every task, and every setting of it, the sections that differ in nothing but the data set."""
    by_task: dict[str, list[Section]] = {}
    for section in found:
        if DATA_SET in section.config:
            setting = {key: value for key, value in section.differs.items() if key not in (DATA_SET, TRAINED_FOR)}
            by_task.setdefault(replace(section, differs=setting).title, []).append(section)
    return by_task


def _of_task(task: str, settings: Sequence[Section], field: str, *, over_tasks: bool = False) -> DataSetRanks | None:
    judged_by: dict[str, str] = {}
    judged: dict[str, dict[str, Scores]] = {}
    configs: dict[str, list[dict[str, Any]]] = {}
    keys = _distinguishing(settings)
    for section in settings:
        dataset = section.title if over_tasks else str(section.config[DATA_SET])
        judged_by[dataset] = score_name(section, field)
        for group in section.groups:
            one = scores(section, group, field)
            if one.by_seed:
                label = _label(group, keys[group.model])
                judged.setdefault(dataset, {})[label] = one
                configs.setdefault(label, []).append(settled(group))
    every = sorted(configs)
    labels = [label for label in every if all(label in of_set for of_set in judged.values())]
    if len(judged) < 2 or len(labels) < 2:
        return None
    table = np.array([ranks([of_set[label] for label in labels]) for of_set in judged.values()])
    mean_ranks = table.mean(axis=0)
    order = np.argsort(mean_ranks, kind="stable")
    return DataSetRanks(
        task,
        judged_by,
        judged,
        {labels[position]: float(mean_ranks[position]) for position in order},
        {labels[position]: table[:, position].tolist() for position in order},
        {
            label: [dataset for dataset, of_set in judged.items() if label not in of_set]
            for label in every
            if label not in labels
        },
        {} if over_tasks else {label: mixed for label in labels if (mixed := differing_keys(configs[label]))},
        over_tasks,
    )


def _tested(one: DataSetRanks) -> CriticalDifference:
    from scipy.stats import friedmanchisquare, studentized_range

    count, datasets = len(one.ranks), len(one.scores)
    quantile = float(studentized_range.ppf(1 - _ALPHA, count, np.inf)) / math.sqrt(2)
    critical = quantile * math.sqrt(count * (count + 1) / (6 * datasets))
    p = _p(friedmanchisquare(*one.by_data_set.values()).pvalue)
    cliques = _cliques(one.ranks, critical)
    return CriticalDifference(
        one.task, datasets, one.ranks, p, critical, cliques, one.left_out, one.mixed, one.over_tasks
    )


def _distinguishing(settings: Sequence[Section]) -> dict[str, list[str]]:
    """For every model, the keys that tell groups of it apart on any of the data sets."""
    keys: dict[str, dict[str, None]] = {}
    for section in settings:
        by_model: dict[str, list[dict[str, Any]]] = {}
        for group in section.groups:
            by_model.setdefault(group.model, []).append(group.differs)
        for model, differs in by_model.items():
            keys.setdefault(model, {}).update(dict.fromkeys(differing_keys(differs)))
    return {model: list(found) for model, found in keys.items()}


def _label(group: Group, keys: Sequence[str]) -> str:
    """What a group is called on every data set: where it stands alone it has no reason to name what it differs in."""
    config = settled(group)
    differs = {key: group.differs.get(key, config.get(key)) for key in keys if key in group.differs or key in config}
    return replace(group, differs=differs).label


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

"""Which runs belong together: groups differ from each other in more than the seed, sections in the task."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from spectral_bench.analysis.load import Mode
from spectral_bench.analysis.run import Run
from spectral_bench.analysis.selection import check_field
from spectral_bench.analysis.wording import written
from spectral_bench.config.schema import CHANGES_NO_NUMBER

#: How a run may stand. ``running`` is among the unfinished: the process may have been killed without a word.
STATUSES = ("completed", "diverged", "failed", "interrupted", "unfinished")

#: Keys that say which repetition a run is, or where its files lie.
_NOT_COMPARED = ("seed", *CHANGES_NO_NUMBER)


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed (or, where the user asked for that, agree in the keys he named).

    Attributes:
        id: the first digits of the configuration's digest.
        model: name of the model.
        differs: the keys that set the group apart from the others of its section, with their values.
        runs: sorted by seed.
    """

    id: str
    model: str
    differs: dict[str, Any]
    runs: list[Run]

    @property
    def setting(self) -> str:
        """What sets it apart, in words: ``r=0.1 optimizer.lr=0.01``, with keys as short as they stay clear."""
        return " ".join(f"{shortened(key, self.differs)}={written(value)}" for key, value in self.differs.items())

    @property
    def label(self) -> str:
        """Model and what sets it apart."""
        return f"{self.model} {self.setting}".strip()

    @property
    def caption(self) -> str:
        """The label in pictures, where no column says how the runs stand: that none is completed is part of it."""
        return self.label if self.completed else f"{self.label} ({', '.join(sorted(self.counts))})"

    @cached_property
    def completed(self) -> list[Run]:
        """The runs that came to their end, the newest of each seed: a repeated seed is no second sample."""
        return _one_of_each_seed([run for run in self.runs if run.status == "completed"])

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many runs stand how, by ``STATUSES``."""
        counts: dict[str, int] = {}
        for run in self.runs:
            status = run.status if run.status in STATUSES else "unfinished"
            counts[status] = counts.get(status, 0) + 1
        return counts

    @property
    def counted(self) -> list[Run]:
        """The runs that numbers and pictures come from: those completed; if there is none, how far each seed came."""
        return self.completed or _one_of_each_seed(self.runs)

    @property
    def repeats(self) -> int:
        """Runs that are left out because a newer one has the same configuration and seed, and came as far."""
        return self.counts.get("completed", len(self.runs)) - len(self.counted)

    @property
    def standing(self) -> str:
        """How many seeds count, then how many runs stand otherwise: ``3 +1 diverged``."""
        others = [f"+{count} {status}" for status, count in sorted(self.counts.items()) if status != "completed"]
        return " ".join([str(len(self.completed)), *others])

    def values(self, field: str) -> list[float]:
        """The finite values of a field of the summaries of the runs that count."""
        found = (run.summary.get(field) for run in self.counted)
        return [float(value) for value in found if value is not None and _is_finite(value)]


@dataclass(frozen=True)
class Section:
    """The groups of one task in one setting: what may be compared.

    Attributes:
        task: name of the task.
        differs: the task's keys that set the section apart from others of the same task.
        config: all of the task's keys.
        metric: name of the task's metric, None when no run has measured it yet.
        mode: ``max`` when more is better.
        baseline: what a memoryless predictor scores; None if unknown.
        baseline_of: whether that is a ``loss`` or a ``metric``.
        groups: in the order of their first run.
    """

    task: str
    differs: dict[str, Any]
    config: dict[str, Any]
    metric: str | None
    mode: Mode
    baseline: float | None
    baseline_of: str | None
    groups: list[Group]

    @property
    def title(self) -> str:
        """The task and what sets this setting apart: ``copy, length=100``."""
        parts = [f"{key.removeprefix('task.')}={written(value)}" for key, value in self.differs.items()]
        return ", ".join([self.task, *parts])


def sections(runs: Sequence[Run], by: Sequence[str] = ()) -> list[Section]:
    """Sort runs into sections and groups.

    Args:
        runs: any.
        by: dotted keys; runs that agree in all of them form a group, whatever else they differ in. Without: runs of
            equal configuration digest.

    Raises:
        InputError: no run has one of the keys.
    """
    for key in by:
        check_field(key, [run.fields() for run in runs])
    by_task: dict[str, dict[tuple[str, ...], list[Run]]] = {}
    for run in runs:
        setting = tuple(f"{key}={value}" for key, value in _task_keys(run).items())
        by_task.setdefault(run.task, {}).setdefault(setting, []).append(run)
    found = []
    for task, settings in sorted(by_task.items()):
        differing = _differing([_task_keys(members[0]) for members in settings.values()])
        for members in settings.values():
            config = _task_keys(members[0])
            differs = {key: config.get(key) for key in differing}
            found.append(_section(task, differs, config, members, by))
    return found


def shortened(key: str, among: Iterable[str]) -> str:
    """The last part of a dotted key, or all of it where another key ends in the same."""
    last = key.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in among) == 1 else key


def _section(task: str, differs: dict[str, Any], config: dict[str, Any], runs: list[Run], by: Sequence[str]) -> Section:
    def first(field: str) -> Any:
        return next((run.summary[field] for run in runs if run.summary.get(field) is not None), None)

    groups = _groups_by_keys(runs, by) if by else _groups_by_digest(runs)
    return Section(
        task,
        differs,
        config,
        first("metric"),
        first("mode") or "min",
        first("baseline"),
        first("baseline_of"),
        groups,
    )


def _groups_by_keys(runs: list[Run], by: Sequence[str]) -> list[Group]:
    members: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        fields = run.fields()
        members.setdefault(tuple(written(fields.get(key)) for key in by), []).append(run)
    groups = []
    for values, group in members.items():
        models = sorted({run.model for run in group})
        differs = {key: value for key, value in zip(by, values, strict=True) if key not in ("model", "model.name")}
        name = "-".join(values)
        groups.append(Group(name, ", ".join(models), differs, sorted(group, key=lambda run: run.seed)))
    return groups


def _groups_by_digest(runs: list[Run]) -> list[Group]:
    members: dict[str, list[Run]] = {}
    for run in runs:
        members.setdefault(run.group, []).append(run)
    configs = {digest: _common(group) for digest, group in members.items()}
    by_model: dict[str, list[dict[str, Any]]] = {}
    for digest, group in members.items():
        by_model.setdefault(group[0].model, []).append(configs[digest])
    own = {model: _differing(alike) for model, alike in by_model.items()}
    shared = _differing([_without_model(config) for config in configs.values()])
    groups = []
    for digest, group in members.items():
        model = group[0].model
        keys = dict.fromkeys([*own[model], *shared])
        config = configs[digest]
        differs = {key: config[key] for key in keys if key in config}
        groups.append(Group(digest[:8], model, differs, sorted(group, key=lambda run: run.seed)))
    by_label: dict[str, list[Group]] = {}
    for one in groups:
        by_label.setdefault(one.label, []).append(one)
    return [_told_apart(one, by_label[one.label]) for one in groups]


def _told_apart(group: Group, alike: list[Group]) -> Group:
    """Named by its data where groups read different ones, else by its id: others knew fewer keys than it has."""
    if len(alike) == 1:
        return group
    by_data = len({_data(other) for other in alike}) == len(alike)
    return replace(group, differs={**group.differs, **({"data": _data(group)} if by_data else {"group": group.id})})


def _data(group: Group) -> str:
    """The first digits of a digest of the data that was read."""
    return hashlib.sha256(json.dumps(group.runs[0].manifest.get("data"), sort_keys=True).encode()).hexdigest()[:8]


def _common(runs: list[Run]) -> dict[str, Any]:
    """The configuration of a group: what all its runs agree in (``r`` may differ where it has no effect)."""
    first = runs[0].config
    return {
        key: value
        for key, value in first.items()
        if key not in _NOT_COMPARED and all(run.config.get(key) == value for run in runs[1:])
    }


def _without_model(config: dict[str, Any]) -> dict[str, Any]:
    """What every model is run with: models differ in their own keys by their nature."""
    return {key: value for key, value in config.items() if not key.startswith("model.") and key != "r"}


def _one_of_each_seed(runs: Sequence[Run]) -> list[Run]:
    """The newest run of each configuration and seed, in the order given."""
    newest: dict[tuple[str, int], Run] = {}
    for run in runs:
        key = run.group, run.seed
        if key not in newest or _age(run) > _age(newest[key]):
            newest[key] = run
    return list(newest.values())


def _age(run: Run) -> tuple[str, str]:
    return str(run.manifest.get("started") or ""), run.run_id


def _differing(configs: Sequence[dict[str, Any]]) -> list[str]:
    """The keys that have several values, among the configurations that have them (older versions knew fewer keys)."""
    keys = dict.fromkeys(key for config in configs for key in config)
    return [key for key in keys if len({written(config[key]) for config in configs if key in config}) > 1]


def _task_keys(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.config.items() if key.startswith("task.") and key != "task.name"}


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and value - value == 0

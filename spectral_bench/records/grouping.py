"""Which runs belong together: groups differ from each other in more than the seed, sections in the task or its data."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spectral_bench.config.keys import absent, as_typed, in_order
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.selection import check_field

#: The task key that says from which data set is learnt: a title names it even if it distinguishes nothing.
DATA_SET = "task.dataset"

#: What says after how much training the runs of a section are compared. It is each data set's own.
TRAINED_FOR = "training"


def sections(runs: Sequence[Run], by: Sequence[str] = ()) -> list[Section]:
    """Sort runs into sections and groups; sections in the order of tasks and, of one task, of what differs.

    Args:
        runs: any runs.
        by: dotted keys; runs that agree in all of them form a group, whatever else they differ in. Without: runs of
            equal ``Run.group``.

    Raises:
        InputError: no run has one of the keys.
    """
    for key in by:
        check_field(key, [run.fields() for run in runs])
    by_task: dict[str, dict[tuple[str, ...], dict[str, list[Run]]]] = {}
    for run in runs:
        setting = tuple(f"{key}={value}" for key, value in _task_keys(run).items())
        by_data = by_task.setdefault(run.task, {}).setdefault(setting, {})
        by_data.setdefault(_data(run), []).append(run)
    found = []
    for task, settings in sorted(by_task.items()):
        configs = [_task_keys(next(iter(by_data.values()))[0]) for by_data in settings.values()]
        differing = differing_keys(configs)
        for config, by_data in zip(configs, settings.values(), strict=True):
            named = [DATA_SET] if DATA_SET in config else []
            differs = {key: config.get(key) for key in [*named, *differing]}
            for data, members in by_data.items():
                apart = {"data": data} if len(by_data) > 1 else {}
                found.append(_section(task, {**differs, **apart}, {**config, **apart}, members, by))
    return sorted(found, key=lambda one: (one.task, *map(in_order, one.differs.values())))


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
        members.setdefault(tuple(_in_words(key, fields.get(key)) for key in by), []).append(run)
    groups = []
    for values, group in members.items():
        models = sorted({run.model for run in group})
        differs = {key: value for key, value in zip(by, values, strict=True) if key not in ("model", "model.name")}
        name = "-".join(values)
        groups.append(Group(name, ", ".join(models), differs, sorted(group, key=lambda run: run.seed)))
    return groups


def _in_words(key: str, value: Any) -> str:
    return absent(key, as_typed(None)) if value is None else as_typed(value)


def _groups_by_digest(runs: list[Run]) -> list[Group]:
    members: dict[str, list[Run]] = {}
    for run in runs:
        members.setdefault(run.group, []).append(run)
    configs = {digest: _common(group) for digest, group in members.items()}
    by_model: dict[str, list[dict[str, Any]]] = {}
    for digest, group in members.items():
        by_model.setdefault(group[0].model, []).append(configs[digest])
    own = {model: differing_keys(alike) for model, alike in by_model.items()}
    shared = differing_keys([_without_model(config) for config in configs.values()])
    groups = []
    for digest, group in members.items():
        model = group[0].model
        keys = dict.fromkeys([*(key for key in own[model] if key not in shared), *shared])
        config = configs[digest]
        differs = {key: config[key] for key in keys if key in config}
        groups.append(Group(digest[:8], model, differs, sorted(group, key=lambda run: run.seed)))
    by_label: dict[str, list[Group]] = {}
    for one in groups:
        by_label.setdefault(one.label, []).append(one)
    return [_distinguished(one, by_label[one.label]) for one in groups]


def _distinguished(group: Group, alike: list[Group]) -> Group:
    """Named by its data where groups read different ones, else by its id: others knew fewer keys than it has."""
    if len(alike) == 1:
        return group
    read = [_data(other.runs[0]) for other in alike]
    by_data = len(set(read)) == len(alike)
    own = {"data": _data(group.runs[0])} if by_data else {"group": group.id}
    return replace(group, differs={**group.differs, **own})


def _data(run: Run) -> str:
    """The first digits of a digest of what was read."""
    return hashlib.sha256(json.dumps(run.files_read).encode()).hexdigest()[:8]


def _common(runs: list[Run]) -> dict[str, Any]:
    """What was trained by all runs of a group alike."""
    first, *others = (run.trained for run in runs)
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def settled(group: Group) -> dict[str, Any]:
    """The configuration that all runs of a group agree in, without the task's keys and how they were carried out."""
    return {key: value for key, value in _common(group.runs).items() if not key.startswith("task.")}


def differing_keys(configs: Sequence[dict[str, Any]]) -> list[str]:
    """The keys that have several values, among the configurations that have them (older versions knew fewer keys)."""
    keys = dict.fromkeys(key for config in configs for key in config)
    return [key for key in keys if len({as_typed(config[key]) for config in configs if key in config}) > 1]


def _without_model(config: dict[str, Any]) -> dict[str, Any]:
    """What every model is run with: models differ in their own keys by their nature."""
    return {key: value for key, value in config.items() if not key.startswith("model.") and key != "r"}


def _task_keys(run: Run) -> dict[str, Any]:
    """What sets its task, without what changes no number."""
    return {key: value for key, value in run.effective_config.items() if key.startswith("task.") and key != "task.name"}

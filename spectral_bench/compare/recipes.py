"""In which keys of their own the models of a section were configured differently."""

from typing import Any

from spectral_bench.config.keys import as_typed
from spectral_bench.records.grouping import settled
from spectral_bench.records.groups import Section

#: Every model has its own; the table says which.
_NAMES = ("model.name", "model.layer")


def across_models(section: Section) -> dict[str, dict[str, Any]]:
    """The keys of models that have not the same value in every group: for each, the values of groups, by their ids.

    A key that only some models have (a number of reflectors) is one of them. Those that tell groups of the section
    apart are not: ``Group.differs`` holds them.
    """
    if len({group.model for group in section.groups}) < 2:
        return {}
    shown = {key for group in section.groups for key in group.differs}
    configs = {group.id: settled(group) for group in section.groups}
    keys = dict.fromkeys(
        key
        for config in configs.values()
        for key in config
        if (key == "r" or key.startswith("model.")) and key not in shown and key not in _NAMES
    )
    found = {key: {name: config[key] for name, config in configs.items() if key in config} for key in keys}
    return {
        key: values
        for key, values in found.items()
        if len(values) < len(configs) or len({as_typed(value) for value in values.values()}) > 1
    }

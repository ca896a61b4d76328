"""A model, task or optimizer of a plugin is chosen by a yaml file; one that has none can never be used."""

from itertools import chain
from pathlib import Path

import yaml

from spectral_bench.config.catalog import files_of_options
from spectral_bench.errors import InputError
from spectral_bench.plugins.entry_points import (
    entry_point_group,
    entry_point_named,
    entry_point_problems,
    load_entry_points,
)
from spectral_bench.plugins.plugin import Plugin
from spectral_bench.plugins.registrations import loaded_plugins

#: The configuration keys that a file sets when it chooses what a plugin registered, by group.
_CHOOSING = {"model": "model.layer", "task": "task.name", "optimizer": "optimizer.name"}


def check_plugin_yaml(config_dir: Path | None) -> None:
    """See that there is a file for everything that the plugins named by the user registered.

    Args:
        config_dir: the user's folder of configuration files, if there is one.

    Raises:
        InputError: naming the plugin, what it registered, and the file that is expected.
    """
    for plugin in loaded_plugins():
        if plugin.explicit:
            for message in _lacking(plugin, config_dir):
                raise InputError(message)


def explain_absence(group: str, option: str, unknown: str, config_dir: Path | None) -> list[str]:
    """Why there is no such option of a group: what an installed distribution has to do with it, if anything.

    Args:
        group: ``model``, ``task`` or ``optimizer``; of others there is nothing to say.
        option: what was asked for.
        unknown: the message for a word that nobody knows.
        config_dir: the user's folder of configuration files, if there is one.

    Returns:
        ``unknown`` and the reasons; the reasons come first where a distribution is meant to offer this option.
    """
    if group not in _CHOOSING:
        return [unknown]
    entry_points = entry_point_group(_CHOOSING[group])
    load_entry_points(entry_points)
    found = entry_point_named(entry_points, option)
    lacking = [
        message
        for plugin in loaded_plugins()
        if (_CHOOSING[group], option) in plugin.registered
        for message in _lacking(plugin, config_dir)
    ]
    problems = entry_point_problems(entry_points)
    if found and not lacking and not problems:
        lacking = [f"{found}: there is no {group}/{option}.yaml for it."]
    reasons = [*lacking, *problems]
    return [*reasons, unknown] if found or lacking else [unknown, *reasons]


def _lacking(plugin: Plugin, config_dir: Path | None) -> list[str]:
    """A message for every registration of a plugin that no file chooses."""
    messages = []
    for key, name in plugin.registered:
        group, _, leaf = key.partition(".")
        if _CHOOSING.get(group) == key and name not in _chosen(group, leaf, config_dir):
            folder = plugin.conf_dir or plugin.file.parent / "conf"
            messages.append(
                f"{plugin.named or plugin.file}: registers {key}={name}, and no yaml file chooses it: "
                f"expected '{leaf}: {name}' in {folder / group / 'NAME.yaml'}, or in such a file below --config-dir."
            )
    return messages


def _chosen(group: str, leaf: str, config_dir: Path | None) -> set[str]:
    """The values that the files of a group give to one key of its node."""
    found = set()
    for file in chain.from_iterable(files_of_options(group, config_dir).values()):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue  # whoever chooses it is told what is wrong
        if isinstance(content, dict):
            node = content.get(group)
            found |= {str(place[leaf]) for place in (content, node) if isinstance(place, dict) and leaf in place}
    return found

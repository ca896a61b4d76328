"""Which plugins a run was made with, and whether they are here when it is taken up or replayed."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_bench.config.hints import short
from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.errors import DataError, InputError
from spectral_bench.plugins.entry_points import entry_point_group, load_entry_points
from spectral_bench.plugins.plugin import Plugin
from spectral_bench.plugins.registrations import loaded_plugins, registered_by
from spectral_bench.runs.layout import MANIFEST
from spectral_bench.runs.manifest import Manifest

#: The configuration keys whose value may be registered by a plugin and changes what a run computes.
_KEYS = ("model.layer", "task.name", "optimizer.name")


def plugin_record(config: ExperimentConfig) -> list[dict[str, str]]:
    """The plugins of a run as the manifest records them, each ``{"name": ..., "sha256": ...}``.

    Those whose model, task or optimizer the run uses; and one that the user named and that registered nothing, for it
    was imported to change something else. Sinks change no number.
    """
    values = config.model.layer, config.task.name, config.optimizer.name
    used = [registered_by(key, value) for key, value in zip(_KEYS, values, strict=True)]
    return [
        {"name": plugin.name, "sha256": plugin.sha256}
        for plugin in loaded_plugins()
        if plugin in used or _registers_nothing(plugin)
    ]


def check_plugins(directory: Path, manifest: Manifest) -> list[str]:
    """See that the plugins of a run are loaded. Nothing is imported because a run names it.

    Args:
        directory: of the run.
        manifest: of the run; a run of an earlier version had no plugins.

    Returns:
        A line for every plugin that is not what it was, or was not there then.

    Raises:
        InputError: one is not loaded; the message says what to type.
        DataError: the manifest does not say properly.
    """
    recorded = manifest.content.get("plugins", [])
    if not isinstance(recorded, list) or not all(_is_entry(entry) for entry in recorded):
        raise DataError(f"{directory / MANIFEST}: 'plugins' is not a list of names with their digests.")
    if recorded:
        for key in _KEYS:
            load_entry_points(entry_point_group(key))
    changes, missing = [], []
    for entry in recorded:
        digests = [plugin.sha256 for plugin in loaded_plugins() if plugin.name == entry["name"]]
        same = any(plugin.sha256 == entry["sha256"] for plugin in loaded_plugins())  # perhaps by another name
        if not digests and not same:
            missing.append(entry["name"])
        elif not same:
            changes.append(f"plugin {entry['name']}: sha256 {entry['sha256'][:12]} then, {digests[0][:12]} now")
    if missing:
        raise InputError(_missing(directory, missing))
    names, digests_then = ({entry[key] for entry in recorded} for key in ("name", "sha256"))
    return changes + [
        f"plugin {plugin.name}: not there then"
        for plugin in loaded_plugins()
        if _registers_nothing(plugin)
        if plugin.name not in names and plugin.sha256 not in digests_then
    ]


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "sha256"))


def _registers_nothing(plugin: Plugin) -> bool:
    return plugin.explicit and not plugin.registered


def _missing(directory: Path, names: Sequence[str]) -> str:
    shown = [short(name if name.isprintable() else repr(name)) for name in names]  # a run may come from a stranger
    files = all(name.endswith(".py") for name in names)
    hint = "with the path to it" if files else "or install the distribution that brings it"
    options = " ".join(f"--plugin {shlex.quote(name)}" for name in shown)
    are = "plugin {}, which is" if len(names) == 1 else "plugins {}, which are"
    return f"{directory}: this run was made with the {are.format(', '.join(shown))} not loaded. Add {options} ({hint})."


def earlier_plugins(manifest: Manifest) -> list[str]:
    """A line for every plugin that was another before the run was resumed: earlier updates were made with that."""
    lines = []
    for session in manifest.content.get("sessions", []):
        before = session.get("plugins_before", []) if isinstance(session, dict) else []
        lines += [
            f"plugin {entry['name']}: sha256 {entry['sha256'][:12]} until step {session.get('from_step')}"
            for entry in before
            if _is_entry(entry)
        ]
    return lines

"""Plugins of installed distributions, found through their entry points."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from spectral_bench.errors import SignalExit
from spectral_bench.plugins.failure import reason_of
from spectral_bench.plugins.importing import load_module
from spectral_bench.plugins.plugin import CONF_DIR_ATTRIBUTE, conf_beside
from spectral_bench.plugins.registrations import LOADED, credited

if TYPE_CHECKING:  # at run time only where it is needed: help answers at once
    from importlib.metadata import EntryPoint

#: Groups of entry points whose distributions may bring configuration files.
_CONFIGURED = ("spectral_bench.models", "spectral_bench.tasks", "spectral_bench.optimizers")

#: By group and distribution: the reasons why it cannot be used, each with the entry points that it strikes.
_problems: dict[str, dict[str, dict[str, list[str]]]] = {}
_entry_points: dict[str, list["EntryPoint"]] = {}


def entry_point_group(key: str) -> str:
    """The group of entry points for values of a configuration key: ``spectral_bench.models`` for ``model.layer``."""
    return f"spectral_bench.{key.partition('.')[0]}s"


def load_entry_points(group: str, add: Callable[[str, object], object] | None = None) -> None:
    """Import the entry points of installed distributions.

    One that fails does not stand in the way of the others, nor of a run that does not need it: see
    ``entry_point_problems``.

    Args:
        group: such as ``spectral_bench.models``.
        add: is handed the name and the object of every entry point that is not just a module; None: nobody is.
    """
    for entry_point in _entry_points_of(group):
        try:
            plugin = load_module(entry_point.module, explicit=False)
            target = entry_point.load()
            if add is not None and not isinstance(target, ModuleType):
                with credited(plugin):
                    add(entry_point.name, target)
        except SignalExit:
            raise
        except (Exception, SystemExit) as error:
            _note_problem(entry_point, error)


def entry_point_problems(group: str) -> list[str]:
    """A message for every distribution with entry points of a group that could not be used."""
    return [
        "; ".join(f"{_named(found)} of {distribution}: {reason}" for reason, found in reasons.items()) + "."
        for distribution, reasons in _problems.get(group, {}).items()
    ]


def entry_point_named(group: str, name: str) -> str | None:
    """The entry point of this name in words, with its distribution; None where there is none."""
    return next((_described(found) for found in _entry_points_of(group) if found.name == name), None)


def plugin_conf_dirs() -> list[Path]:
    """The folders of configuration files of plugins and of installed distributions, each once.

    A distribution is imported for it only where its file mentions ``CONF_DIR``.
    """
    found = [plugin.conf_dir for plugin in LOADED.values()]
    for group in _CONFIGURED:
        found.extend(_conf_dir_of(entry_point) for entry_point in _entry_points_of(group))
    return list(dict.fromkeys(folder for folder in found if folder is not None))


def _entry_points_of(group: str) -> list["EntryPoint"]:
    if group not in _entry_points:
        from importlib.metadata import entry_points

        _entry_points[group] = sorted(entry_points(group=group), key=lambda found: (found.name, found.value))
    return _entry_points[group]


def _conf_dir_of(entry_point: "EntryPoint") -> Path | None:
    """The folder of an entry point's configuration files, if possible without importing it."""
    path = _source_of(entry_point.module)
    if path is not None and CONF_DIR_ATTRIBUTE.encode() not in path.read_bytes():
        return conf_beside(path)
    try:
        return load_module(entry_point.module, explicit=False).conf_dir
    except SignalExit:
        raise
    except (Exception, SystemExit) as error:
        _note_problem(entry_point, error)
        return None


def _source_of(module: str) -> Path | None:
    """The file of a module, found without importing anything; None where that is not plain to see."""
    top, *rest = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).resolve().parent.joinpath(*rest)
    candidates = [folder.with_suffix(".py"), folder / "__init__.py"] if rest else [Path(spec.origin).resolve()]
    for path in candidates:
        if path.is_file():
            return path
    return None


def _note_problem(entry_point: "EntryPoint", error: BaseException) -> None:
    of_distribution = _problems.setdefault(entry_point.group, {}).setdefault(_distribution(entry_point), {})
    struck = of_distribution.setdefault(reason_of(error), [])
    shown = f"{entry_point.name} = {entry_point.value}"
    if shown not in struck:
        struck.append(shown)


def _named(entry_points: Sequence[str]) -> str:
    return f"Entry point{'s' if len(entry_points) > 1 else ''} {', '.join(entry_points)}"


def _distribution(entry_point: "EntryPoint") -> str:
    return entry_point.dist.name if entry_point.dist else "an installed distribution"


def _described(entry_point: "EntryPoint") -> str:
    return f"{_named([f'{entry_point.name} = {entry_point.value}'])} of {_distribution(entry_point)}"

"""Importing a plugin: once, by the bytes whose digest is recorded."""

import hashlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from spectral_bench.errors import InputError, SignalExit
from spectral_bench.plugins import PLUGINS_VARIABLE
from spectral_bench.plugins.failure import reason_of
from spectral_bench.plugins.neighbours import neighbours
from spectral_bench.plugins.plugin import Plugin, declared_conf_dir, digest_of_source
from spectral_bench.plugins.registrations import LOADED, credited


def load_plugins(sources: Sequence[str]) -> None:
    """Import the plugins that ``$SPECTRAL_BENCH_PLUGINS`` names, then the given ones; each is imported once.

    Args:
        sources: each ``FILE.py`` or an importable module.

    Raises:
        InputError: one of them cannot be imported; the message names it and the reason.
    """
    for source in filter(None, os.environ.get(PLUGINS_VARIABLE, "").split(os.pathsep)):
        _load(source, f"${PLUGINS_VARIABLE}, {source}")
    for source in sources:
        _load(source, f"--plugin {source or repr(source)}")


def _load(source: str, named: str) -> None:
    is_file = source.endswith(".py") or "/" in source or os.sep in source
    try:
        if not source.strip():
            raise InputError("expected FILE.py or the name of a module")
        plugin = _load_file(Path(source)) if is_file else load_module(source, explicit=True)
    except SignalExit:
        raise
    except (Exception, SystemExit) as error:
        reason = reason_of(error)
        raise InputError(f"{named}: {reason}{'' if reason.endswith('?') else '.'}") from error
    plugin.explicit, plugin.named = True, named


def _load_file(path: Path) -> Plugin:
    path = path.expanduser().resolve()
    if path in LOADED:
        return LOADED[path]
    if not path.is_file() or path.suffix != ".py":
        raise InputError(_flaw(path) or f"there is no such file{_did_you_mean(path)}")
    source = path.read_bytes()
    plugin = Plugin(path.name, path, digest_of_source(path, source), explicit=True)
    module = next((found for found in list(sys.modules.values()) if _file_of(found, path.name) == path), None)
    name = f"spectral_bench_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # its neighbours can be imported, and hide nothing that is installed
    _check_neighbours(path)
    with credited(plugin):
        try:
            if module is None:
                module = _executed(name, path, source)
            plugin.conf_dir = declared_conf_dir(module, path)
        except BaseException:
            sys.modules.pop(name, None)
            raise
    LOADED[path] = plugin
    return plugin


def _flaw(path: Path) -> str:
    """Why something that exists cannot be imported as a file; empty if it does not exist."""
    if path.is_dir():
        return "is a folder; name a .py file or a module"
    return f"is not a .py file{_did_you_mean(path)}" if path.exists() else ""


def _did_you_mean(path: Path) -> str:
    meant = path.with_name(f"{path.name}.py")
    return f". Did you mean {meant.name}?" if meant.is_file() else ""


def _check_neighbours(path: Path) -> None:
    """Refuse a neighbour whose name another plugin's folder has taken: Python would import that one in its place."""
    others = {plugin.file.parent: plugin for plugin in LOADED.values() if plugin.name.endswith(".py")}
    for name, file in neighbours(path).items():
        imported = _file_that_python_takes(name.partition(".")[0])
        if imported is None:
            continue
        folder = imported.parent.parent if imported.name == "__init__.py" else imported.parent
        if folder != path.parent and folder in others:
            raise InputError(
                f"imports '{name}' ({file}), a name that a file beside plugin {others[folder].name} has as well "
                f"({imported}); rename one of the two"
            )


def _file_that_python_takes(module: str) -> Path | None:
    """The file of a top-level module that is imported, or would be."""
    if module in sys.modules:
        return _file_of(sys.modules[module])
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.has_location and spec.origin else None


def _executed(name: str, path: Path, source: bytes) -> ModuleType:
    spec = spec_from_file_location(name, path, loader=_Loader(name, path, source))
    if spec is None or spec.loader is None:
        raise InputError("is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


class _Loader(SourceFileLoader):
    """Executes the bytes whose digest was taken, and leaves no compiled file beside the user's."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        """The compiled source."""
        return self.source_to_code(self._source, self.get_filename(fullname))


def load_module(name: str, *, explicit: bool) -> Plugin:
    """Import a module as a plugin, unless that has been done.

    Args:
        name: dotted.
        explicit: whether the user named it.

    Raises:
        InputError: there is no such module, or it has no file; besides whatever its code raises.
    """
    plugin = Plugin(name, Path(), "", explicit)
    with credited(plugin):
        known = _known_by_its_file(name)
        if known is not None:
            return known
        module = _imported(name)
        path = _file_of(module)
        if path is None:
            raise InputError("has no file, it is a folder of modules or built in; name one of its modules")
        if path not in LOADED:
            plugin.file, plugin.sha256, plugin.conf_dir = path, digest_of_source(path), declared_conf_dir(module, path)
            LOADED[path] = plugin
    return LOADED[path]


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            flaw = _flaw(Path(name))
            if flaw:
                raise InputError(f"there is no module '{name}', and {name} {flaw}") from error
            hint = _did_you_mean(Path(name)) or "; a file is named with its ending: FILE.py"
            raise InputError(f"there is no module '{error.name}'{hint}") from error
        raise


def _known_by_its_file(name: str) -> Plugin | None:
    """The plugin that was imported from the file of this module, by whatever name."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return LOADED.get(Path(spec.origin).resolve()) if spec is not None and spec.origin is not None else None


def _file_of(module: ModuleType, ending: str = "") -> Path | None:
    """The file a module came from, if it ends so."""
    file = vars(module).get("__file__")  # some modules answer getattr by importing others
    return Path(file).resolve() if isinstance(file, str) and file.endswith(ending) else None

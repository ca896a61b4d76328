"""Models, tasks, optimizers and sinks from outside the package: a file, a module, or an installed distribution.

A plugin is Python code that registers something when it is imported. What the command line, the environment or the
installation of the user names is imported; nothing that a run directory names ever is.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from spectral_bench.errors import InputError, SignalExit, SpectralBenchError

if TYPE_CHECKING:  # at run time only where it is needed: help answers at once
    from importlib.metadata import EntryPoint

#: Environment variable with the plugins of every command, separated like the folders of PATH.
PLUGINS_VARIABLE = "SPECTRAL_BENCH_PLUGINS"

#: Groups of entry points whose distributions may bring configuration files.
_CONFIGURED = ("spectral_bench.models", "spectral_bench.tasks", "spectral_bench.optimizers")

#: The attribute of a plugin, and the folder beside it, that name its configuration files.
_CONF_DIR, _CONF = "CONF_DIR", "conf"


@dataclass
class Plugin:
    """Code from outside that was imported.

    Attributes:
        name: of the file or of the module, as a manifest records it.
        file: where the code lies.
        sha256: digest of the file as it was imported; of all Python files of a package.
        explicit: named by the user, and not only found through an entry point.
        conf_dir: its folder of configuration files, laid out like ``conf/``; None: it brings none.
        registered: what it registered, each as configuration key and value (``("model.layer", "diagonal")``).
    """

    name: str
    file: Path
    sha256: str
    explicit: bool
    conf_dir: Path | None = None
    registered: list[tuple[str, str]] = field(default_factory=list)


_loaded: dict[Path, Plugin] = {}
_problems: dict[str, str] = {}
_entry_points: dict[str, list["EntryPoint"]] = {}

#: The plugins being imported, the innermost last, each with what takes back a registration.
_importing: list[tuple[Plugin, list[Callable[[], object]]]] = []


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
        _load(source, f"--plugin {source}")


def loaded_plugins() -> list[Plugin]:
    """All plugins imported so far."""
    return list(_loaded.values())


def registered_by(key: str, name: str) -> Plugin | None:
    """The plugin that registered a value of a configuration key; None: the package itself, or nobody."""
    return next((plugin for plugin in _loaded.values() if (key, name) in plugin.registered), None)


def note_registration(key: str, name: str, undo: Callable[[], object]) -> None:
    """To be called by a registry for every entry: credits it to the plugin being imported, if there is one.

    Args:
        key: the configuration key.
        name: its value.
        undo: takes the entry out again, should the plugin fail later on.
    """
    if _importing:
        plugin, undoing = _importing[-1]
        plugin.registered.append((key, name))
        undoing.append(undo)


def entry_point_group(key: str) -> str:
    """The group of entry points for values of a configuration key: ``spectral_bench.models`` for ``model.layer``."""
    return f"spectral_bench.{key.partition('.')[0]}s"


def load_entry_points(group: str, add: Callable[[str, object], object] | None = None) -> None:
    """Import the entry points of installed distributions.

    One that fails does not stand in the way of the others, nor of a run that does not need it: see ``problems``.

    Args:
        group: such as ``spectral_bench.models``.
        add: is handed the name and the object of every entry point that is not just a module; None: nobody is.
    """
    for entry_point in _entry_points_of(group):
        try:
            plugin = _load_module(entry_point.module, explicit=False)
            target = entry_point.load()
            if add is not None and not isinstance(target, ModuleType):
                with _credited(plugin):
                    add(entry_point.name, target)
        except SignalExit:
            raise
        except (Exception, SystemExit) as error:
            _problems[f"{group} {entry_point}"] = f"{_described(entry_point)}: {_reason(error)}."


def problems() -> list[str]:
    """A message for every entry point that could not be used."""
    return list(_problems.values())


def entry_point_named(group: str, name: str) -> str | None:
    """The entry point of this name in words, with its distribution; None where there is none."""
    return next((_described(found) for found in _entry_points_of(group) if found.name == name), None)


def conf_dirs() -> list[Path]:
    """The folders of configuration files of plugins and of installed distributions, each once.

    A distribution is imported for it only where its file mentions ``CONF_DIR``.
    """
    found = [plugin.conf_dir for plugin in _loaded.values()]
    for group in _CONFIGURED:
        found.extend(_conf_dir_of(entry_point) for entry_point in _entry_points_of(group))
    return list(dict.fromkeys(folder for folder in found if folder is not None))


# Importing ----------------------------------------------------------------------------------------------------------


def _load(source: str, named: str) -> None:
    is_file = source.endswith(".py") or "/" in source or os.sep in source
    try:
        plugin = _load_file(Path(source)) if is_file else _load_module(source, explicit=True)
    except SignalExit:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{named}: {_reason(error)}.") from error
    plugin.explicit = True


def _load_file(path: Path) -> Plugin:
    path = path.expanduser().resolve()
    if path in _loaded:
        return _loaded[path]
    if not path.is_file():
        raise InputError("is a folder; name a .py file or a module" if path.is_dir() else "there is no such file")
    source = path.read_bytes()
    plugin = Plugin(path.name, path, hashlib.sha256(source).hexdigest(), explicit=True)
    module = next((found for found in list(sys.modules.values()) if _file_of(found, path.name) == path), None)
    name = f"spectral_bench_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # its neighbours can be imported, and hide nothing that is installed
    with _credited(plugin):
        try:
            if module is None:
                module = _executed(name, path, source)
            plugin.conf_dir = _conf_dir(module, path)
        except BaseException:
            sys.modules.pop(name, None)
            raise
    _loaded[path] = plugin
    return plugin


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


def _load_module(name: str, *, explicit: bool) -> Plugin:
    plugin = Plugin(name, Path(), "", explicit)
    with _credited(plugin):
        known = _known_by_its_file(name)
        if known is not None:
            return known
        module = _imported(name)
        path = _file_of(module)
        if path is None:
            raise InputError("has no file, it is a folder of modules or built in; name one of its modules")
        if path not in _loaded:
            plugin.file, plugin.sha256, plugin.conf_dir = path, _digest(path), _conf_dir(module, path)
            _loaded[path] = plugin
    return _loaded[path]


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"there is no module '{error.name}'; a file is named with its ending: FILE.py") from error
        raise


def _known_by_its_file(name: str) -> Plugin | None:
    """The plugin that was imported from the file of this module, by whatever name."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return _loaded.get(Path(spec.origin).resolve()) if spec is not None and spec.origin is not None else None


@contextmanager
def _credited(plugin: Plugin) -> Iterator[None]:
    """What is registered in this block is the plugin's, and is taken back if the block fails."""
    undoing: list[Callable[[], object]] = []
    before = len(plugin.registered)
    _importing.append((plugin, undoing))
    try:
        yield
    except BaseException:
        for undo in reversed(undoing):
            undo()
        del plugin.registered[before:]
        raise
    finally:
        _importing.pop()


def _file_of(module: ModuleType, ending: str = "") -> Path | None:
    """The file a module came from, if it ends so."""
    file = vars(module).get("__file__")  # some modules answer getattr by importing others
    return Path(file).resolve() if isinstance(file, str) and file.endswith(ending) else None


def _digest(path: Path) -> str:
    """SHA-256 of a file; of a package, of the names and digests of all its Python files."""
    if path.name != "__init__.py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.parent.rglob("*.py")):
        digest.update(file.relative_to(path.parent).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _conf_dir(module: ModuleType, path: Path) -> Path | None:
    declared = vars(module).get(_CONF_DIR)
    if declared is None:
        return _beside(path)
    folder = Path(path.parent, declared).resolve()
    if not folder.is_dir():
        raise InputError(f"{_CONF_DIR} = {str(declared)!r}: there is no such folder")
    return folder


def _beside(path: Path) -> Path | None:
    folder = path.parent / _CONF
    return folder if folder.is_dir() else None


# Entry points -------------------------------------------------------------------------------------------------------


def _entry_points_of(group: str) -> list["EntryPoint"]:
    if group not in _entry_points:
        from importlib.metadata import entry_points

        _entry_points[group] = sorted(entry_points(group=group), key=lambda found: (found.name, found.value))
    return _entry_points[group]


def _conf_dir_of(entry_point: "EntryPoint") -> Path | None:
    """The folder of an entry point's configuration files, if possible without importing it."""
    path = _source_of(entry_point.module)
    if path is not None and _CONF_DIR.encode() not in path.read_bytes():
        return _beside(path)
    try:
        return _load_module(entry_point.module, explicit=False).conf_dir
    except SignalExit:
        raise
    except (Exception, SystemExit) as error:
        _problems[str(entry_point)] = f"{_described(entry_point)}: {_reason(error)}."
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


def _described(entry_point: "EntryPoint") -> str:
    distribution = entry_point.dist.name if entry_point.dist else "an installed distribution"
    return f"Entry point {entry_point.name} = {entry_point.value} of {distribution}"


# What went wrong ----------------------------------------------------------------------------------------------------


def _reason(error: BaseException) -> str:
    """Why a plugin cannot be used, in one line, with the place where that is in a file of the plugin."""
    if isinstance(error, SpectralBenchError):
        return str(error).rstrip(".")
    if isinstance(error, SyntaxError):
        return f"is not valid Python: {error.msg}{_place(error.filename, error.lineno)}"
    if isinstance(error, SystemExit):
        message = "it ends the program when it is imported"
    elif isinstance(error, ModuleNotFoundError):
        message = f"needs the module '{error.name}', which is not installed"
    else:
        first_line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        message = ": ".join(filter(None, [type(error).__name__, first_line]))
    frame = _guilty_frame(error)
    return message + (_place(frame.filename, frame.lineno) if frame else "")


def _guilty_frame(error: BaseException) -> FrameSummary | None:
    """The last place in the plugin, or beside it, that an error passed; deeper ones are in other people's code."""
    package = Path(__file__).parent
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and package not in (path := Path(frame.filename)).parents
        and path.parent.name != "importlib"
    ]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(frames[0].filename).parent)]
    return own[-1] if own else None


def _place(filename: str | None, line: int | None) -> str:
    return f" ({Path(filename).name}, line {line})" if filename and line else ""

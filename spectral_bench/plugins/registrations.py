"""The plugins that were imported, and what each of them registered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spectral_bench.plugins.plugin import Plugin

#: By the file that was imported.
LOADED: dict[Path, Plugin] = {}

#: The plugins being imported, the innermost last, each with what takes back a registration.
_importing: list[tuple[Plugin, list[Callable[[], object]]]] = []


def loaded_plugins() -> list[Plugin]:
    """All plugins imported so far."""
    return list(LOADED.values())


def registered_by(key: str, name: str) -> Plugin | None:
    """The plugin that registered a value of a configuration key; None: the package itself, or nobody."""
    return next((plugin for plugin in LOADED.values() if (key, name) in plugin.registered), None)


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


@contextmanager
def credited(plugin: Plugin) -> Iterator[None]:
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

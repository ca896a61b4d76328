"""Names that a configuration may use, and the classes they stand for.

A name registry instead of Hydra's ``_target_``: a configuration can then only choose among classes of this project and
of plugins, never run code of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError
from spectral_bench.plugins.entry_points import entry_point_group, entry_point_problems, load_entry_points
from spectral_bench.plugins.registrations import note_registration, registered_by

_T = TypeVar("_T")


class Registry(Generic[_T]):
    """Maps the value of one configuration key to a class.

    The entry points of installed distributions (of ``model.layer`` those in the group ``spectral_bench.models``) are
    loaded when an unknown name is asked for, or all names are.

    Args:
        key: the configuration key the names belong to, for messages (``"task.name"``).
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self._entries: dict[str, type[_T]] = {}
        self._has_entry_points = False

    def register(self, name: str) -> Callable[[type[_T]], type[_T]]:
        """Class decorator that files the class under ``name``.

        Raises:
            InputError: the name is taken, and a plugin must choose another; or the entry is not a class.
        """

        def add(entry: type[_T]) -> type[_T]:
            if not isinstance(entry, type):
                raise InputError(f"{self.key}={name}: {entry!r} is registered; expected a class.")
            if name in self._entries:
                plugin = registered_by(self.key, name)
                whose = f"plugin {plugin.name}" if plugin else self._entries[name].__module__
                raise InputError(
                    f"{self.key}={name} is already registered as {self._entries[name].__qualname__} of {whose}; "
                    "choose another name."
                )
            self._entries[name] = entry
            if entry.__module__.partition(".")[0] != __package__.partition(".")[0]:  # ours may be imported by a plugin
                note_registration(self.key, name, lambda: self._entries.pop(name))
            return entry

        return add

    def __getitem__(self, name: str) -> type[_T]:
        """The class filed under ``name``.

        Raises:
            InputError: there is none; the message names the nearest, and entry points that could not be loaded.
        """
        if name not in self._entries:
            self._load_entry_points()
        if name not in self._entries:
            problems = entry_point_problems(entry_point_group(self.key))  # perhaps one of them is why
            raise InputError(" ".join([*problems, unknown(self.key, name, self._entries)]))
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        self._load_entry_points()
        return iter(sorted(self._entries))

    def _load_entry_points(self) -> None:
        if not self._has_entry_points:
            self._has_entry_points = True
            load_entry_points(entry_point_group(self.key), self._add_entry_point)

    def _add_entry_point(self, name: str, target: Any) -> None:
        """File what an entry point names, unless its module did so when it was imported."""
        if not isinstance(target, type):
            raise InputError(f"names {target!r}; expected a module or a class.")
        if target not in self._entries.values():
            self.register(name)(target)

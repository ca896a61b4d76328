"""Names that a configuration may use, and the classes they stand for.

A name registry instead of Hydra's ``_target_``: a configuration can then only choose among classes of this project,
never run code of its own.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError

_T = TypeVar("_T")


class Registry(Generic[_T]):
    """Maps the value of one configuration key to a class.

    Args:
        key: the configuration key the names belong to, for messages (``"task.name"``).
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self._entries: dict[str, type[_T]] = {}

    def register(self, name: str) -> Callable[[type[_T]], type[_T]]:
        """Class decorator that files the class under ``name``."""

        def add(entry: type[_T]) -> type[_T]:
            if name in self._entries:
                raise ValueError(f"{self.key}={name} is already registered as {self._entries[name].__qualname__}")
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> type[_T]:
        try:
            return self._entries[name]
        except KeyError:
            raise InputError(unknown(f"{self.key}", name, self._entries)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

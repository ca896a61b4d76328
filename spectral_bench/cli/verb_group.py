"""A group whose verbs are imported when they are called, not when they are listed."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from spectral_bench.cli.help_panels import examples, help_text
from spectral_bench.cli.verbs import VERBS, Verb


class LazyCommand(TyperCommand):
    """A verb in the list of verbs; the command itself is built when there is a line to parse.

    To import all verbs and to build all their options would take a seventh of the time of ``--help``.
    """

    def __init__(self, name: str, verb: Verb) -> None:
        super().__init__(name, help=verb.summary)
        self._verb = verb

    def command(self) -> Any:
        """The command itself: a Click command of Typer's kind, with its options."""
        target = resolve_name(f"{__package__}.{self._verb.place}")
        if not isinstance(target, typer.Typer):
            function, target = target, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            name = str(self.name)
            target.command(name, cls=self._verb.cls, help=help_text(function), epilog=examples(name))(function)
        return typer.main.get_command(target)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse a line with the options of the command itself, which is also what is invoked then."""
        return self.command().make_context(info_name, args, parent, **extra)


class VerbGroup(TyperGroup):
    """The verbs of ``VERBS``, in that order, before the commands that it is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = {**{name: LazyCommand(name, verb) for name, verb in VERBS.items()}, **self.commands}
